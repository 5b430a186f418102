"""How long a lane is waited for until it has nothing under way."""

# ruff: noqa: ARG002 - the signatures of the real ones.

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bluegreen.engine.compose import Compose
from bluegreen.engine.engine import RECONNECT, ServerEngine
from bluegreen.engine.images import Images
from bluegreen.engine.lines import Lines
from bluegreen.engine.variables import Variables
from bluegreen.errors import TemporaryError
from bluegreen.lane import Lane
from bluegreen.memory import Files, MemoryClock
from bluegreen.settings import Tasks
from bluegreen.ssh.connection import Connection
from bluegreen.testing import World


class Service:
    """A lane of one service, and the engine that it is in; what takes too long is given up."""

    name = "tandem-blue-account-1"
    status = "running"
    labels = {RECONNECT: "SIGUSR1"}  # noqa: RUF012 - of Docker's SDK

    def __init__(self, world: World, *, busy: float, slow: float = 0.0) -> None:
        self.world, self.slow = world, slow
        self.quiet_at = world.seconds + busy
        self.failures: list[TemporaryError] = []
        self.signals: list[str] = []
        self.stopped = 0
        self.looks: list[float] = []

    @contextmanager
    def asked(self, timeout: float) -> Iterator[Any]:
        assert timeout > 0, "whoever has no time closes the connection for nothing"
        if self.failures:
            raise self.failures.pop()
        self.looks.append(timeout)
        self.end = self.world.seconds + timeout
        yield SimpleNamespace(containers=SimpleNamespace(list=lambda **_wanted: [self]))

    def exec_run(self, command: Sequence[str]) -> tuple[int, bytes]:
        self._pass()
        active = int(self.world.seconds < self.quiet_at)
        kinds = (f'http_server_active_requests{{kind="{k}"}} {active}' for k in _KINDS)
        return 0, "\n".join(["# TYPE http_server_active_requests gauge", *kinds, ""]).encode()

    def kill(self, signal: str) -> None:
        self._pass()
        self.signals.append(signal)

    def stop(self) -> None:
        self._pass()
        self.stopped += 1

    def _pass(self) -> None:
        self.world.seconds = min(self.end, self.world.seconds + self.slow)
        if self.world.seconds == self.end:
            raise TemporaryError("Docker did not do it in time")


_KINDS = ("request", "stream")


def engine(service: Service) -> ServerEngine:
    return ServerEngine(
        connection=cast("Connection", None),
        files=Files(service.world),
        docker=service,
        lines=Lines("/srv/tandem", "tandem"),
        compose=cast("Compose", None),
        images=cast("Images", None),
        variables=Variables("tandem", "/srv/tandem", "https://tandem.test", {}),
        tasks=Tasks(),
        services=("account", "database"),
        clock=MemoryClock(service.world),
        say=lambda _: None,
    )


def test_a_lane_with_nothing_under_way_is_not_waited_for() -> None:
    world = World()
    assert engine(Service(world, busy=0)).end_requests(Lane.BLUE, 40)
    assert world.seconds == 0


@pytest.mark.parametrize("slow", [0.0, 1.0, 6.0])
def test_a_lane_is_waited_for_until_nothing_is_under_way(slow: float) -> None:
    world = World()
    assert engine(Service(world, busy=20, slow=slow)).end_requests(Lane.BLUE, 40)
    assert world.seconds == pytest.approx(20, abs=slow + 1)


@pytest.mark.parametrize("slow", [0.0, 1.0, 1.5, 3.0, 12.0, 19.0, 60.0])
@pytest.mark.parametrize("timeout", [0.0, 0.5, 1.0, 4.0, 15.0])
@pytest.mark.parametrize("drain", [ServerEngine.end_requests, ServerEngine.end_streams])
def test_what_has_not_ended_in_time_is_left_to_what_comes_next_however_slowly_it_answers(
    drain: Callable[[ServerEngine, Lane, float], bool], slow: float, timeout: float
) -> None:
    world = World()
    service = Service(world, busy=100, slow=slow)
    assert not drain(engine(service), Lane.BLUE, timeout)
    assert world.seconds <= timeout


def test_no_look_begins_that_has_no_time() -> None:
    service = Service(World(), busy=100, slow=1.0)
    assert not engine(service).end_requests(Lane.BLUE, 15)
    assert min(service.looks) > 1


def test_a_connection_that_breaks_is_told_as_long_as_there_is_time_for_another_try() -> None:
    service = Service(World(), busy=100)
    service.failures = [TemporaryError("the connection broke")]
    with pytest.raises(TemporaryError, match="broke"):
        engine(service).end_requests(Lane.BLUE, 15)
    service.failures = [TemporaryError("the connection broke")]
    assert not engine(service).end_requests(Lane.BLUE, 1)


def test_the_time_that_it_takes_to_tell_streams_to_end_counts() -> None:
    world = World()
    service = Service(world, busy=100, slow=5)
    assert not engine(service).end_streams(Lane.BLUE, 15)
    assert (service.signals, world.seconds) == (["SIGUSR1"], 15)


@pytest.mark.parametrize(("slow", "stopped"), [(3, 2), (9, 1), (40, 0)])
def test_calls_that_have_not_ended_in_time_are_left_to_what_comes_next(
    slow: int, stopped: int
) -> None:
    world = World()
    service = Service(world, busy=0, slow=slow)
    assert engine(service).end_calls(Lane.BLUE, 15) is (2 * slow < 15)
    assert (service.stopped, world.seconds) == (stopped, min(15, 2 * slow))
