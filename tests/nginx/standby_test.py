"""The lane that lost the traffic stands in for the one that has it, until it is told not to."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import override

import httpx
import pytest

from tests.nginx.asking import statuses
from tests.nginx.upstream import Upstream, answering
from tests.support import names, nginx_scripts
from tests.support.names import Names
from tests.support.nginx import logged
from tests.support.nginx_scripts import ScriptedNginx
from tests.support.ports import free_port

NOTICED = 3  # questions for a name after which nginx surely knows the answer
TRIES = 5  # of what a busy machine may be too late for


class Switched:
    """nginx whose traffic went from blue to green."""

    def __init__(self, folder: Path, stack: ExitStack, port: int | None = None) -> None:
        self.blue, self.green = (stack.enter_context(answering()) for _ in range(2))
        started = nginx_scripts.started(folder, self.settings(port))
        self.edge: ScriptedNginx = stack.enter_context(started)
        assert self.edge.script("reload.sh", "green").returncode == 0

    def settings(self, port: int | None) -> dict[str, str]:
        """Where the lanes are; green at another port than its own if one is given."""
        place = f"127.0.0.1:{port or self.green.port}"
        return {"BLUE_ACCOUNT": self.blue.address, "GREEN_ACCOUNT": place}


@pytest.fixture
def switched(tmp_path: Path) -> Iterator[Switched]:
    with ExitStack() as stack:
        yield Switched(tmp_path, stack)


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[Switched]:
    """The same, but nobody listens where green should."""
    with ExitStack() as stack:
        yield Switched(tmp_path, stack, free_port())


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


@contextmanager
def silence() -> Iterator[int]:
    """A port that answers nobody: not even that it is closed, like a dead container."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as stack:
        while True:
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.2)
            try:
                waiting.connect(full.getsockname())
            except TimeoutError:
                break
        yield full.getsockname()[1]


class Renamed(Switched):
    """The same, with green known by a name."""

    def __init__(self, folder: Path, stack: ExitStack, port: int | None = None) -> None:
        self.known: Names = stack.enter_context(names.serving())
        self.known.addresses["green-account"] = ("127.0.0.1",)
        super().__init__(folder, stack, port)

    @override
    def settings(self, port: int | None) -> dict[str, str]:
        place = f"green-account:{port or self.green.port}"
        return {**super().settings(port), "RESOLVER": self.known.address, "GREEN_ACCOUNT": place}

    def forget_green(self) -> None:
        """Let the name have no address any more."""
        del self.known.addresses["green-account"]


def test_the_lane_before_answers_for_one_that_has_no_address_any_more(tmp_path: Path) -> None:
    with ExitStack() as stack:
        switched = Renamed(tmp_path, stack)
        httpx.get(switched.edge.url).raise_for_status()
        assert asked(switched.green) == ["GET"]
        switched.forget_green()
        before = len(switched.known.asked)
        while switched.known.asked[before:].count("green-account") < NOTICED:
            httpx.get(switched.edge.url).raise_for_status()
            time.sleep(0.05)
        httpx.get(switched.edge.url).raise_for_status()
        assert asked(switched.blue)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_waits_for_a_lane_that_loses_its_address_meanwhile_is_answered(
    tmp_path: Path, method: str
) -> None:
    for attempt in range(TRIES):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        logged_as = waited_for_a_lane_that_loses_its_address(folder, method)
        if logged_as != "504, 200":
            break
        # Too late: nginx gives up on green after 2 s, and asks for its name each second.
    assert logged_as.startswith("504, 502 : ")


def waited_for_a_lane_that_loses_its_address(folder: Path, method: str) -> str:
    """Be answered by the lane before; gives what nginx logs of those that it asked."""
    with ExitStack() as stack:
        switched = Renamed(folder, stack, stack.enter_context(silence()))
        client = stack.enter_context(httpx.Client(timeout=20))
        forgetting = threading.Timer(0.2, switched.forget_green)
        forgetting.start()
        client.request(method, switched.edge.url, content=b"all of it").raise_for_status()
        forgetting.join()
        assert asked(switched.blue) == [method]
        (entry,) = logged(switched.edge.folder / "access.log", bool)
        return str(entry["upstream_status"])


def test_the_lane_that_stands_in_does_so_until_it_has_the_traffic_itself(gone: Switched) -> None:
    over = threading.Event()
    with ThreadPoolExecutor() as threads:
        running = threads.submit(statuses, gone.edge.url, over)
        returned = gone.edge.script("reload.sh", "blue").returncode
        over.set()
    assert returned == 0
    assert running.result() == {httpx.codes.OK}


def test_who_kept_a_connection_from_before_the_way_back_is_answered_too(gone: Switched) -> None:
    with httpx.Client(base_url=gone.edge.url) as client:
        client.get("/").raise_for_status()
        assert gone.edge.script("reload.sh", "blue").returncode == 0
        client.get("/").raise_for_status()
    assert asked(gone.blue) == ["GET", "GET"]
