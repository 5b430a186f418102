"""What the system promises when its parts fail, under light load, with nobody to help it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.support.system import System
from tests.system.api import Client
from tests.system.load import Load, lost
from tests.system.people import Person

WARM = 12  # requests that are answered before anything fails
SETTLED = 15  # requests that are answered once it was repaired
CROWD = 8  # people at once
DELIVERED_AGAIN = 4.0  # seconds from a kill until what it left undone has been delivered again
FLOOD = 100  # errors in the logs for one outage of seconds; many would fill a disk in hours
PATIENCE = 40.0  # seconds that recovery may take


@pytest.fixture(autouse=True)
def restored(tandem: System) -> Iterator[None]:
    """Every test finds the system whole."""
    yield
    tandem.restore()


def test_a_killed_database_service_takes_no_acknowledged_sign_up_or_edit_with_it(
    tandem: System,
) -> None:
    with Load(tandem.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        tandem.services["database"].kill()
        time.sleep(0.5)
        tandem.services["database"].start()
        load.wait_for_answers(SETTLED, PATIENCE)
    assert lost(tandem.url, load) == []


def test_an_edit_that_is_delivered_again_does_not_undo_a_later_one(tandem: System) -> None:
    other = tandem.add("database")
    with ExitStack() as stack, ThreadPoolExecutor(CROWD) as crowd:
        clients = [stack.enter_context(Client(tandem.url)) for _ in range(CROWD)]

        def all_do(send: Callable[[Client], httpx.Response]) -> list[int]:
            return [answer.status_code for answer in crowd.map(send, clients)]

        assert set(all_do(lambda client: client.sign_up(Person("Ada")))) == {httpx.codes.CREATED}
        assert set(all_do(lambda client: client.save_profile("Ada", "first"))) == {httpx.codes.OK}
        other.kill()  # before it has said which deliveries are done with
        # Of five seconds that a call has, the killed one keeps its partitions for three.
        second = patiently(lambda client: client.save_profile("Ada", "second"))
        assert set(all_do(second)) == {httpx.codes.OK}
        time.sleep(DELIVERED_AGAIN)
        abouts = [client.get("/api/v1/account").json()["profile"]["about"] for client in clients]
    assert abouts == ["second"] * CROWD


def patiently(send: Callable[[Client], httpx.Response]) -> Callable[[Client], httpx.Response]:
    """Send again what is answered that the site is unavailable for now."""

    def sent(client: Client) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        answer = send(client)
        while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and time.monotonic() < deadline:
            answer = send(client)
        return answer

    return sent


def test_calls_are_answered_by_the_other_identity_process_when_one_is_killed(
    tandem: System,
) -> None:
    other = tandem.add("identity")
    with Load(tandem.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        other.kill()
        load.wait_for_answers(SETTLED, PATIENCE)
    assert load.failed == []
    assert lost(tandem.url, load) == []


def test_a_page_says_so_when_a_service_is_away_and_its_visitor_is_still_signed_in_afterwards(
    tandem: System,
) -> None:
    identity = tandem.services["identity"]
    with Client(tandem.url) as client:
        assert client.sign_up(Person("Ada Lovelace")).is_success
        identity.kill()
        away = client.get("/account")
        identity.start()
        identity.wait_until_healthy()
        back = client.get("/account")
    assert away.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "Temporarily unavailable" in away.text
    assert int(away.headers["retry-after"]) > 0
    assert back.status_code == httpx.codes.OK
    assert "Ada Lovelace" in back.text


def test_the_system_recovers_by_itself_when_postgresql_is_restarted(tandem: System) -> None:
    with Load(tandem.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        tandem.postgres.stop()
        time.sleep(1)
        tandem.postgres.start()
        load.wait_for_answers(SETTLED, PATIENCE)
    assert lost(tandem.url, load) == []


def test_the_system_recovers_by_itself_when_the_kafka_broker_is_killed_and_started_again(
    tandem: System,
) -> None:
    complaints = len(tandem.complaints())
    with Load(tandem.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        tandem.kafka.kill()
        time.sleep(0.5)
        tandem.kafka.start()
        load.wait_for_answers(SETTLED, PATIENCE)
    assert lost(tandem.url, load) == []
    assert len(tandem.complaints()) - complaints < FLOOD


@pytest.mark.parametrize("service", ["identity", "database"])
def test_no_request_fails_when_one_of_two_processes_is_told_to_stop(
    tandem: System, service: str
) -> None:
    other = tandem.add(service)
    with Load(tandem.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        assert other.stop() == 0
        load.wait_for_answers(SETTLED, PATIENCE)
    assert load.failed == []
    assert lost(tandem.url, load) == []
