"""How long connections of before are waited for; nginx itself is in `tests/bluegreen/`."""

# ruff: noqa: ARG002 - the signatures of the real ones.

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Self, cast

import pytest

from bluegreen.engine.client import Docker
from bluegreen.errors import PortError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.memory import MemoryClock
from bluegreen.nginx.balancer import ServerBalancer
from bluegreen.testing import START, World


class Nginx:
    """A container in which a worker of before never ends, as a stream holds it."""

    name = "tandem-nginx-1"

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: list[str] = []
        self.slow = 0.0
        self.answer = b'{"status": "ok", "lane": "green"}'

    @contextmanager
    def asked(self, timeout: float) -> Iterator[SimpleNamespace]:
        assert timeout > 0, "whoever has no time closes the connection for nothing"
        self.world.seconds += min(timeout, self.slow)
        if timeout <= self.slow:
            raise TemporaryError("Docker did not do it in time")
        yield SimpleNamespace(containers=self)

    def list(self, **_filters: object) -> Sequence[Self]:
        return [self]

    def exec_run(self, command: Sequence[str]) -> tuple[int, bytes]:
        return 0, self.answer

    def logs(self, **_wanted: object) -> bytes:
        return "\n".join(self.log).encode()

    def top(self) -> dict[str, object]:
        return {"Processes": [["nginx: worker process is shutting down"]]}

    def answers(self, seconds: float) -> None:
        """Log an answer that ends now."""
        self.log.append(f"{self.world.now.isoformat()} {json.dumps({'seconds': seconds})}")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def nginx(world: World) -> Nginx:
    return Nginx(world)


@pytest.fixture
def balancer(world: World, nginx: Nginx) -> ServerBalancer:
    def now() -> datetime:
        return world.now

    return ServerBalancer(cast("Docker", nginx), "tandem", MemoryClock(world), now)


def waited(world: World, balancer: ServerBalancer, since: datetime | None = None) -> timedelta:
    began = world.now
    assert not balancer.settle(since, 60)
    return world.now - began


def test_who_has_not_seen_the_switch_waits_as_long_as_a_connection_is_kept(
    world: World, balancer: ServerBalancer
) -> None:
    assert waited(world, balancer) >= timedelta(seconds=15)


@pytest.mark.parametrize(("watched", "wait"), [(0.0, 17.0), (6.0, 11.0), (60.0, 0.0)])
def test_the_time_since_the_switch_counts(
    watched: float, wait: float, world: World, nginx: Nginx, balancer: ServerBalancer
) -> None:
    balancer.route(Lane.GREEN, 10)
    world.seconds += watched
    nginx.answers(0.1)  # of the new lane
    assert waited(world, balancer).total_seconds() == pytest.approx(wait, abs=1)


@pytest.mark.parametrize("since", [None, START + timedelta(days=1)])
@pytest.mark.parametrize("timeout", [0.0, 0.5, 9.0])
@pytest.mark.parametrize("slow", [0.0, 1.0, 6.0, 30.0])
def test_whatever_nginx_takes_to_answer_no_more_than_the_time_is_waited(
    slow: float, timeout: float, since: datetime | None, nginx: Nginx, balancer: ServerBalancer
) -> None:
    began, nginx.slow = nginx.world.seconds, slow
    assert not balancer.settle(since, timeout)
    assert nginx.world.seconds - began <= timeout


def test_a_connection_that_breaks_is_told_as_long_as_there_is_time_for_another_try(
    nginx: Nginx, balancer: ServerBalancer
) -> None:
    nginx.slow = 30
    with pytest.raises(TemporaryError, match="in time"):
        balancer.settle(None, 60)


def test_a_switch_takes_no_more_than_its_time(nginx: Nginx, balancer: ServerBalancer) -> None:
    began, nginx.slow = nginx.world.seconds, 4
    with pytest.raises(TemporaryError, match="in time"):
        balancer.route(Lane.GREEN, 10)
    assert nginx.world.seconds - began <= 10


def test_the_traffic_is_given_back_however_little_time_is_left(
    nginx: Nginx, balancer: ServerBalancer
) -> None:
    nginx.slow, nginx.answer = 3, b"blue"
    with pytest.raises(PortError, match="green does not answer; blue is live"):
        balancer.route(Lane.GREEN, 9.5)


def test_of_a_switch_of_another_run_the_state_can_tell(
    world: World, balancer: ServerBalancer
) -> None:
    switched = world.now
    world.seconds += 10
    assert waited(world, balancer, switched).total_seconds() == pytest.approx(7, abs=1)


def test_a_connection_is_kept_from_the_end_of_what_was_under_way_at_the_switch(
    world: World, nginx: Nginx, balancer: ServerBalancer
) -> None:
    balancer.route(Lane.GREEN, 10)
    world.seconds += 50
    nginx.answers(51)
    world.seconds += 10
    assert waited(world, balancer).total_seconds() == pytest.approx(6, abs=1)


def test_a_log_that_may_lack_its_beginning_is_not_relied_on(
    world: World, nginx: Nginx, balancer: ServerBalancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bluegreen.nginx.balancer._MOST_LINES", 2)
    balancer.route(Lane.GREEN, 10)
    world.seconds += 60
    for _ in range(2):
        nginx.answers(0.1)
    assert waited(world, balancer) >= timedelta(seconds=15)
