"""The lane that lost the traffic stands in for the one that has it, until it is told not to."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.nginx.upstream import Upstream, answering
from tests.support import nginx_scripts
from tests.support.nginx import free_port, logged
from tests.support.nginx_scripts import ScriptedNginx


class Switched:
    """nginx whose traffic went from blue to green."""

    def __init__(self, folder: Path, stack: ExitStack, green: str | None = None) -> None:
        self.blue, self.green = (stack.enter_context(answering()) for _ in range(2))
        settings = {
            "BLUE_ACCOUNT": self.blue.address,
            "GREEN_ACCOUNT": green or self.green.address,
        }
        self.edge: ScriptedNginx = stack.enter_context(nginx_scripts.started(folder, settings))
        assert self.edge.script("reload.sh", "green").returncode == 0


@pytest.fixture
def switched(tmp_path: Path) -> Iterator[Switched]:
    with ExitStack() as stack:
        yield Switched(tmp_path, stack)


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Switched]:
    """The same, but nobody listens where green should."""
    with ExitStack() as stack:
        yield Switched(tmp_path, stack, f"127.0.0.1:{free_port()}")


def asked(upstream: Upstream) -> list[str]:
    return [method for method, _, _ in upstream.received]


def test_a_lane_that_answers_is_the_only_one_asked(switched: Switched) -> None:
    for method in ("GET", "POST") * 5:
        httpx.request(method, switched.edge.url).raise_for_status()
    assert asked(switched.green) == ["GET", "POST"] * 5
    assert asked(switched.blue) == []


def test_the_lane_before_answers_for_one_that_is_gone(gone: Switched) -> None:
    for method in ("GET", "POST") * 5:
        httpx.request(method, gone.edge.url).raise_for_status()
    assert asked(gone.blue) == ["GET", "POST"] * 5


def test_the_lane_before_answers_what_the_other_one_failed_at_if_it_may_be_repeated(
    switched: Switched,
) -> None:
    switched.green.failing = True
    httpx.get(switched.edge.url).raise_for_status()
    assert httpx.post(switched.edge.url).status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert asked(switched.green) == ["GET", "POST"]
    assert asked(switched.blue) == ["GET"]


def test_a_lane_that_failed_once_is_asked_again_at_once(switched: Switched) -> None:
    switched.green.failing = True
    httpx.get(switched.edge.url).raise_for_status()
    switched.green.failing = False
    httpx.get(switched.edge.url).raise_for_status()
    assert asked(switched.green) == ["GET", "GET"]
    assert asked(switched.blue) == ["GET"]


def test_the_log_tells_who_failed_and_who_stood_in(switched: Switched) -> None:
    switched.green.failing = True
    httpx.get(switched.edge.url).raise_for_status()
    (entry,) = logged(switched.edge.folder / "access.log", bool)
    assert (entry["lane"], entry["status"]) == ("green", httpx.codes.OK)
    assert entry["upstream"] == f"{switched.green.address}, {switched.blue.address}"
    assert entry["upstream_status"] == "500, 200"


def test_a_lane_that_stood_down_is_not_asked(gone: Switched) -> None:
    done = gone.edge.script("stand-down.sh", "blue")
    assert (done.returncode, done.stderr) == (0, "")
    assert httpx.get(gone.edge.url).status_code == httpx.codes.BAD_GATEWAY
    assert asked(gone.blue) == []


def test_to_stand_down_again_changes_nothing(switched: Switched) -> None:
    assert [switched.edge.script("stand-down.sh", "blue").returncode for _ in range(2)] == [0, 0]
    httpx.get(switched.edge.url).raise_for_status()


@pytest.mark.parametrize("lanes", [[], ["purple"], ["blue", "green"], ["../live.conf"]])
def test_what_is_no_lane_stands_in_as_before(gone: Switched, lanes: list[str]) -> None:
    done = gone.edge.script("stand-down.sh", *lanes)
    assert (done.returncode, "usage" in done.stderr) == (1, True)
    httpx.get(gone.edge.url).raise_for_status()


def test_the_lane_that_gets_the_traffic_back_has_the_other_one_stand_in(
    switched: Switched,
) -> None:
    assert switched.edge.script("reload.sh", "blue").returncode == 0
    switched.blue.failing = True
    httpx.get(switched.edge.url).raise_for_status()
    assert asked(switched.green) == ["GET"]


def test_a_reload_of_the_same_lane_leaves_who_stands_in(gone: Switched) -> None:
    for lane in ((), ("green",)):
        assert gone.edge.script("reload.sh", *lane).returncode == 0
        httpx.get(gone.edge.url).raise_for_status()


def test_a_lane_that_never_had_the_traffic_is_not_asked(tmp_path: Path) -> None:
    with answering() as green:
        settings = {
            "BLUE_ACCOUNT": f"127.0.0.1:{free_port()}",
            "GREEN_ACCOUNT": green.address,
        }
        with nginx_scripts.started(tmp_path, settings) as edge:
            assert httpx.get(edge.url).status_code == httpx.codes.BAD_GATEWAY
        assert asked(green) == []


def test_a_lane_that_is_looked_at_answers_for_itself(switched: Switched) -> None:
    switched.blue.failing = True
    status = httpx.get(switched.edge.internal_url).status_code
    assert status == httpx.codes.INTERNAL_SERVER_ERROR
    assert asked(switched.green) == []
