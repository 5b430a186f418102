"""Two lanes: which has the traffic, how it changes, and how account is found in them."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from tests.nginx.asking import statuses
from tests.nginx.upstream import Upstream, answering
from tests.support import names, nginx_scripts
from tests.support.names import Names
from tests.support.nginx import logged
from tests.support.nginx_scripts import ScriptedNginx

SWITCHES = 6
AFTER = 8  # requests after a switch, each on a connection of its own
PAUSES = (0.0, 0.002, 0.02, 0.3, 1.1)  # seconds between requests of a connection
PATIENCE = 20.0
WATCHED = 28  # seconds after a switch


class Lanes:
    """nginx before a blue account, and a green one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.blue, self.green = (stack.enter_context(answering()) for _ in range(2))
        settings = {"BLUE_ACCOUNT": self.blue.address, "GREEN_ACCOUNT": self.green.address}
        self.edge = stack.enter_context(nginx_scripts.started(folder, settings))

    def asked(self, url: str) -> Upstream:
        """Which of both answers there."""
        before = len(self.blue.received)
        httpx.get(url).raise_for_status()
        return self.blue if len(self.blue.received) > before else self.green


@pytest.fixture
def lanes(tmp_path: Path) -> Iterator[Lanes]:
    with ExitStack() as stack:
        yield Lanes(tmp_path, stack)


def test_the_site_is_of_the_live_lane_and_the_internal_server_shows_the_other(
    lanes: Lanes,
) -> None:
    edge = lanes.edge
    assert lanes.asked(edge.url) is lanes.blue
    assert lanes.asked(edge.internal_url) is lanes.green
    done = edge.script("reload.sh", "green")
    assert done.returncode == 0, done.stderr
    assert lanes.asked(edge.url) is lanes.green
    assert lanes.asked(edge.internal_url) is lanes.blue
    asked = [("_", "blue"), ("preview", "green"), ("_", "green"), ("preview", "blue")]
    entries = logged(edge.folder / "access.log", lambda entries: len(entries) >= len(asked))
    assert [(each["server"], each["lane"]) for each in entries] == asked


def test_who_comes_after_a_switch_is_not_taken_by_a_worker_of_before(lanes: Lanes) -> None:
    for lane, upstream in (("green", lanes.green), ("blue", lanes.blue)) * (SWITCHES // 2):
        before = len(upstream.received)
        assert lanes.edge.script("reload.sh", lane).returncode == 0
        for _ in range(AFTER):
            httpx.get(lanes.edge.url).raise_for_status()
        assert len(upstream.received) == before + AFTER


def test_a_host_named_by_a_client_leads_to_no_other_lane(lanes: Lanes) -> None:
    httpx.get(lanes.edge.url, headers={"host": "preview"}).raise_for_status()
    assert lanes.green.received == []


def test_the_lane_outlives_a_restart(lanes: Lanes) -> None:
    assert lanes.edge.script("reload.sh", "green").returncode == 0
    lanes.edge.script("configure.sh")
    assert (lanes.edge.folder / "lane/live.conf").read_text() == "default green;\n"


@pytest.mark.parametrize("lane", ["purple", "", "blue;", "../blue"])
def test_what_is_no_lane_changes_nothing(lanes: Lanes, lane: str) -> None:
    done = lanes.edge.script("reload.sh", lane)
    assert (done.returncode, "no lane" in done.stderr) == (1, True)
    assert lanes.asked(lanes.edge.url) is lanes.blue


def test_a_configuration_that_nginx_refuses_changes_nothing(lanes: Lanes) -> None:
    before = lanes.edge.configuration.readlink()
    worse = {**lanes.edge.environment, "REQUEST_RATE": "many"}
    edge = ScriptedNginx(lanes.edge.folder, worse, *[lanes.edge.url] * 3)
    done = edge.script("reload.sh", "green")
    assert done.returncode == 1
    assert 'invalid rate "rate=many"' in done.stderr
    assert "blue is live as before" in done.stderr
    assert (edge.folder / "lane/live.conf").read_text() == "default blue;\n"
    assert lanes.edge.configuration.readlink() == before
    assert lanes.asked(lanes.edge.url) is lanes.blue


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_asked(upstream: Upstream, times: int) -> None:
    until(lambda: len(upstream.received) >= times)


def load(url: str, pause: float, over: threading.Event) -> list[int]:
    """Answers on one connection, kept for as long as nginx keeps it; what fails is raised."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    answers = []
    for method in cycle(["GET", "POST"]):
        if over.is_set():
            break
        connection.request(method, "/account")
        answer = connection.getresponse()
        answer.read()
        answers.append(answer.status)
        time.sleep(pause)
    connection.close()
    return answers


def test_a_stream_lives_on_until_the_lane_before_ends_it(lanes: Lanes) -> None:
    with httpx.stream("GET", f"{lanes.edge.url}/account/activity/stream", timeout=10) as answer:
        received = answer.iter_text()
        assert lanes.edge.script("reload.sh", "green").returncode == 0
        # Longer than any other answer may take, which nginx cuts when it stops.
        for number in range(WATCHED):
            lanes.blue.events.put(f"data: {number}\n\n".encode())
            assert next(received) == f"data: {number}\n\n"
            time.sleep(1)
        lanes.blue.events.put(None)
        assert list(received) == []


def test_switches_under_load_lose_no_request_of_kept_connections(lanes: Lanes) -> None:
    over = threading.Event()
    with ThreadPoolExecutor() as threads:
        running: list[Future[list[int]]] = [
            threads.submit(load, lanes.edge.url, pause, over) for pause in PAUSES
        ]
        try:
            for lane, upstream in (("green", lanes.green), ("blue", lanes.blue)) * (SWITCHES // 2):
                before = len(upstream.received)
                assert lanes.edge.script("reload.sh", lane).returncode == 0
                until_asked(upstream, before + 1)
                time.sleep(0.3)
        finally:
            over.set()
        answers = [answer for done in running for answer in done.result()]
    assert set(answers) == {httpx.codes.OK}
    assert len(lanes.blue.received) + len(lanes.green.received) == len(answers)


def test_an_order_to_stop_lets_nginx_answer_what_runs(tmp_path: Path) -> None:
    with answering() as upstream, ThreadPoolExecutor() as threads:
        with nginx_scripts.started(tmp_path, {"BLUE_ACCOUNT": upstream.address}) as edge:
            running = threads.submit(httpx.get, f"{edge.url}/waiting", timeout=PATIENCE)
            until_asked(upstream, 1)
            threading.Timer(0.5, upstream.release.set).start()
        assert running.result().status_code == httpx.codes.OK


class TestNames:
    @pytest.fixture
    def known(self) -> Iterator[Names]:
        with names.serving() as server:
            yield server

    def told(self, known: Names, upstream: Upstream) -> dict[str, str]:
        return {"RESOLVER": known.address, "BLUE_ACCOUNT": f"blue-account:{upstream.port}"}

    def answers(self, edge: ScriptedNginx, status: int) -> None:
        begun = time.monotonic()
        while httpx.get(edge.url, timeout=PATIENCE).status_code != status:
            assert time.monotonic() < begun + PATIENCE
            time.sleep(0.02)

    def test_an_account_that_moved_is_found_by_the_name_it_keeps(
        self, known: Names, tmp_path: Path
    ) -> None:
        with (
            answering("127.0.0.2") as upstream,
            nginx_scripts.started(tmp_path, self.told(known, upstream)) as edge,
        ):
            known.addresses["blue-account"] = ("127.0.0.3",)  # where nobody answers
            self.answers(edge, httpx.codes.BAD_GATEWAY)
            before = len(known.asked)
            known.addresses["blue-account"] = ("127.0.0.2",)
            questions = 0  # before a request; there is one a second
            while httpx.get(edge.url, timeout=PATIENCE).status_code != httpx.codes.OK:
                assert questions <= 2
                time.sleep(0.02)
                questions = len(known.asked) - before

    def test_a_lane_without_an_address_is_answered_at_once_and_complained_of_by_requests_alone(
        self, known: Names, tmp_path: Path
    ) -> None:
        with (
            answering() as upstream,
            nginx_scripts.started(tmp_path, self.told(known, upstream)) as edge,
        ):
            until(lambda: known.asked.count("blue-account") >= 3)
            assert edge.errors == ""
            times = []
            for _ in range(3):  # of which a busy machine may make one slow
                begun = time.monotonic()
                answer = httpx.get(edge.url, timeout=PATIENCE)
                times.append(time.monotonic() - begun)
            assert min(times) < 1
            assert answer.status_code == httpx.codes.BAD_GATEWAY
            assert "Temporarily unavailable" in answer.text
            assert "no live upstreams" in edge.errors

    def test_a_reload_knows_the_addresses_of_before(self, known: Names, tmp_path: Path) -> None:
        known.addresses["blue-account"] = ("127.0.0.1",)
        with (
            answering() as upstream,
            nginx_scripts.started(tmp_path, self.told(known, upstream)) as edge,
        ):
            self.answers(edge, httpx.codes.OK)
            over = threading.Event()
            with ThreadPoolExecutor() as threads:
                # Without a pause, each on a new connection: the first are the new workers' too.
                running = threads.submit(statuses, edge.url, over)
                codes = [edge.script("reload.sh").returncode for _ in range(3)]
                over.set()
            assert codes == [0, 0, 0]
            assert running.result() == {httpx.codes.OK}
