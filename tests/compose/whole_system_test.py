"""The whole system in containers: used, crashed, restarted, stopped."""

import time
from functools import partial

import pytest
from playwright.sync_api import Browser, expect

from tests.compose import complaints, memory
from tests.docs.commands import Command, documented
from tests.support import docker
from tests.support.chromium import visiting
from tests.support.docker import SERVERS, Stack, service_of
from tests.system.api import Client
from tests.system.load import Load, about_of, lost, problem_of
from tests.system.people import Person

pytestmark = pytest.mark.timeout(600)  # more than all that one waits for

CLEAN = (0, 143)  # of their own accord, or by the signal that asked them to (the JVM)
WARM = 12  # requests that are answered before anything fails
SETTLED = 15  # requests that are answered once it is back
PATIENCE = 120.0  # seconds that recovery may take, on a busy machine
SURELY = 1.0  # seconds in which the engine would have started a container again
QUIET = 15.0  # seconds until what has just started uses what it uses


def test_a_person_signs_up_and_sees_the_account_through_nginx(
    stack: Stack, browser: Browser
) -> None:
    person = Person("Ada Lovelace")
    with visiting(browser, stack.url, java_script=True) as visitor:
        person.sign_up(visitor)
        expect(visitor.page.get_by_text(person.email)).to_be_visible()
        visitor.look("compose-account")
    assert visitor.complaints == []


def test_the_scenario_proves_the_system(stack: Stack) -> None:
    assert "ok  sign out" in stack.run("scenario")


@pytest.mark.parametrize("service", SERVERS)
def test_a_crash_of_a_container_heals_by_itself_and_loses_nothing_acknowledged(
    stack: Stack, service: str
) -> None:
    with Load(stack.url) as load:
        load.wait_for_answers(WARM, PATIENCE)
        began = time.monotonic()
        healthy = stack.crash(service)
        load.wait_for_answers(SETTLED, PATIENCE)
        answered = time.monotonic() - began
    print(
        f"{service}: healthy after {healthy:.1f} s, {SETTLED} requests answered after "
        f"{answered:.1f} s, {len(load.failed)} refused meanwhile"
    )
    assert lost(stack.url, load) == []


def _up() -> Command:
    """What brings the whole system up, as several pages have it."""
    return documented("docs/first-hour.md", "docker compose up --wait")


def test_what_docker_kill_ended_comes_back_by_the_documented_command(stack: Stack) -> None:
    coming_back = _up()
    with Load(stack.url) as load:
        for service in SERVERS:
            load.wait_for_answers(WARM, PATIENCE)
            began, failed = time.monotonic(), len(load.failed)
            docker.run(["docker", "kill", "-s", "KILL", stack.container(service)["Id"]])
            time.sleep(SURELY)
            assert not stack.container(service)["State"]["Running"]
            done = coming_back.run(
                folder=stack.checkout, environment=stack.told, timeout=docker.UP_TIMEOUT
            )
            assert done.code == 0, f"{done.said}\n{stack.logs()}"
            up = time.monotonic() - began
            load.wait_for_answers(SETTLED, PATIENCE)
            print(
                f"{service}: up after {up:.1f} s, {SETTLED} requests answered after "
                f"{time.monotonic() - began:.1f} s, {len(load.failed) - failed} refused meanwhile"
            )
    assert lost(stack.url, load) == []


def test_data_outlive_the_containers(stack: Stack) -> None:
    person = Person("Grace Hopper")
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_up, person)) == ""
        assert problem_of(partial(client.save_profile, person.name, about_of(1))) == ""
    for command in (
        documented("docs/first-hour.md", "docker compose down"),
        _up(),
    ):
        began = time.monotonic()
        done = command.run(folder=stack.checkout, environment=stack.told, timeout=docker.UP_TIMEOUT)
        assert done.code == 0, f"{done.said}\n{stack.logs()}"
        print(f"{command.text}: {time.monotonic() - began:.1f} s, with data")
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_in, person)) == ""
        assert client.get("/api/v1/account").json()["profile"]["about"] == about_of(1)


def test_a_backup_brings_back_what_was_there(stack: Stack) -> None:
    person = Person("Hedy Lamarr")
    with Client(stack.url) as client:
        assert problem_of(partial(client.sign_up, person)) == ""
        assert problem_of(partial(client.save_profile, person.name, about_of(1))) == ""
        scripts, file = "/opt/tandem/postgres", f"/backups/{person.id}.dump"
        assert stack.exec("postgres", f"{scripts}/backup.sh", file).returncode == 0
        assert problem_of(partial(client.save_profile, person.name, about_of(2))) == ""
        restored = stack.exec("postgres", f"{scripts}/restore.sh", "--replace", file)
        assert restored.returncode == 0, restored.stderr
        assert client.get("/api/v1/account").json()["profile"]["about"] == about_of(1)


def test_a_stop_is_in_order_and_leaves_nothing() -> None:
    with docker.project("infra/compose") as stack:
        print(f"docker compose up --wait: {stack.up():.1f} s, without data")
        time.sleep(QUIET)
        print(memory.table(stack))
        with Load(stack.url) as load:
            load.wait_for_answers(WARM, PATIENCE)
        stack.stop()
        codes = {service_of(each): each["State"]["ExitCode"] for each in stack.containers()}
        assert {service: code for service, code in codes.items() if code not in CLEAN} == {}
        assert codes.keys() > {*SERVERS, "database-migrate", "kafka-access"}
        complained = {service: complaints.of(service, stack.logs(service)) for service in codes}
        assert {service: lines for service, lines in complained.items() if lines} == {}
        stack.down()
        assert stack.leftovers() == []
