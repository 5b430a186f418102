# ruff: noqa: ARG002 - the port says what each method takes.

from collections.abc import Callable

import pytest

from bluegreen.errors import LockLostError, PortError, RefusedError, StepError
from bluegreen.journal import Journal, Run
from bluegreen.lane import Lane
from bluegreen.memory import MemoryClock, Nginx, People
from bluegreen.plan import Deploy
from bluegreen.release import Release
from bluegreen.store import AUDIT, Store
from bluegreen.testing import CrashError, World, files, release, with_deployed
from bluegreen.upkeep import Upkeep


class Servers:
    """Those of a server in memory: each brings what it was told last, or fails."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.of: str | None = "an older one"
        self.failures: list[Exception] = []

    def behind(self, release: Release, timeout: float) -> dict[str, str]:
        names = [] if self.of == release.version else ["kafka", "nginx"]
        return dict.fromkeys(names, "runs another image")

    def differences(self, release: Release, timeout: float) -> list[str]:
        return [f"{name} {wrong}" for name, wrong in self.behind(release, timeout).items()]

    def written(self) -> str | None:
        return self.of

    def bring(self, release: Release, timeout: float) -> None:
        self._start(release.version)

    def put_back(self, before: str | None, release: Release, timeout: float) -> None:
        self._start(before)

    def _start(self, what: str | None) -> None:
        self.of = what
        if self.failures:
            raise self.failures.pop(0)


class Bench:
    """An upkeep, and what is seen of it."""

    def __init__(self, world: World) -> None:
        self.world, self.servers = world, Servers(world)
        self.said: list[str] = []
        self.pull: Callable[[Release, float], None] = lambda _release, _left: None

    def upkeep(self) -> Upkeep[str | None]:
        store, clock = Store(files(self.world)), MemoryClock(self.world)
        run = Run("run", "anna", lambda text: text.replace("hunter2", "[REDACTED]"))
        return Upkeep(
            destination="staging",
            servers=self.servers,
            balancer=Nginx(self.world),
            pull=self.pull,
            lock=self.world.lock(),
            store=store,
            journal=Journal(store, clock, run, lambda _: None),
            notifier=People(self.world),
            clock=clock,
            say=self.said.append,
        )


def test_servers_come_to_the_release_that_serves_and_people_are_told() -> None:
    bench = Bench(with_deployed(1))
    outcome = bench.upkeep().do(60.0)
    assert outcome is not None
    assert bench.servers.of == release(1).version
    assert bench.world.heard[-1] == outcome
    assert (outcome.changed, outcome.failure) == (["kafka", "nginx"], None)
    assert bench.said[0] == "kafka runs another image"
    assert "requests fail for some seconds" in bench.said[-1]
    assert '"step": "servers", "event": "succeeded"' in bench.world.files[AUDIT]
    assert "lock.json" not in bench.world.files


def test_a_second_time_does_nothing_and_tells_nobody() -> None:
    bench = Bench(with_deployed(1))
    bench.upkeep().do(60.0)
    heard, log = len(bench.world.heard), bench.world.files[AUDIT]
    assert bench.upkeep().do(60.0) is None
    assert (len(bench.world.heard), bench.world.files[AUDIT]) == (heard, log)


def test_a_look_changes_nothing() -> None:
    bench = Bench(with_deployed(1))
    assert bench.upkeep().look() == ["kafka runs another image", "nginx runs another image"]
    assert bench.servers.of == "an older one"


def test_servers_that_do_not_get_healthy_go_back() -> None:
    bench = Bench(with_deployed(1))
    bench.servers.failures = [PortError("kafka is unhealthy", "password hunter2")]
    with pytest.raises(StepError, match="they run as before") as raised:
        bench.upkeep().do(60.0)
    assert raised.value.went_back
    assert raised.value.detail == "password [REDACTED]"
    assert bench.servers.of == "an older one"
    assert "kafka is unhealthy" in (bench.world.heard[-1].failure or "")


def test_servers_that_cannot_go_back_are_said_to() -> None:
    bench = Bench(with_deployed(1))
    bench.servers.failures = [PortError("kafka is unhealthy"), PortError("so it is")]
    with pytest.raises(StepError, match="going back failed, too: so it is") as raised:
        bench.upkeep().do(60.0)
    assert not raised.value.went_back


def test_people_hear_of_a_lock_that_was_lost_and_nothing_is_changed() -> None:
    bench = Bench(with_deployed(1))

    def robbed(_release: Release, _left: float) -> None:
        bench.world.files.pop("lock.json")

    bench.pull = robbed
    with pytest.raises(LockLostError):
        bench.upkeep().do(60.0)
    assert bench.servers.of == "an older one"
    assert "the lock was taken away" in (bench.world.heard[-1].failure or "")


def test_ctrl_c_while_people_are_told_takes_nothing_back() -> None:
    bench = Bench(with_deployed(1))
    bench.world.faults["notify"] = [KeyboardInterrupt()]
    assert bench.upkeep().do(60.0) is not None
    assert bench.servers.of == release(1).version


def test_the_lane_that_serves_gets_the_traffic_also_from_an_nginx_that_forgot_it() -> None:
    bench = Bench(with_deployed(1))
    bench.world.routed = Lane.GREEN
    bench.upkeep().do(60.0)
    assert bench.world.routed == Lane.BLUE


def test_an_nginx_that_forgot_its_lane_is_sent_back_though_nothing_else_differs() -> None:
    bench = Bench(with_deployed(1))
    bench.upkeep().do(60.0)
    bench.world.routed, bench.said = Lane.GREEN, []
    said = "nginx sends people to green, and blue is remembered to serve"
    assert bench.upkeep().look() == [said]
    outcome = bench.upkeep().do(60.0)
    assert bench.world.routed == Lane.BLUE
    assert outcome is not None
    assert (outcome.changed, bench.world.heard[-1]) == ([], outcome)
    assert bench.said == [said]  # no request fails for it
    assert bench.upkeep().do(60.0) is None


def test_without_a_release_there_is_nothing_to_come_to() -> None:
    with pytest.raises(RefusedError, match="deploy one first"):
        Bench(World()).upkeep().do(60.0)


def test_an_unfinished_operation_comes_first() -> None:
    world = with_deployed(1)
    world.crash_at = world.points + 30
    with pytest.raises(CrashError):
        world.run(Deploy(release(2)))
    world.crash_at, world.dead = None, False
    bench = Bench(world)
    with pytest.raises(RefusedError, match="is unfinished"):
        bench.upkeep().do(60.0)
    assert bench.servers.of == "an older one"
