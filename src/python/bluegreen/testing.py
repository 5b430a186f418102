"""A server in memory, behind the ports of a real one; a deployer that is killed at any point.

    world = World()
    world.crash_at = 17          # the deployer is killed where it touches the world the 17th time
    with pytest.raises(CrashError):
        world.run(Deploy(release(1)))
    world.crash_at = None
    world.run(Deploy(release(1)))
    assert world.broken_promises == []

A call of a port has two such points: before it has an effect, and after it, with nobody told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bluegreen.acts import Acts, Demands
from bluegreen.errors import PortError
from bluegreen.executor import Executor, Run
from bluegreen.lane import Lane
from bluegreen.lock import Identity, Lock
from bluegreen.plan import Wanted, plan
from bluegreen.ports import Condition, Facts, Server
from bluegreen.release import Heads, Release
from bluegreen.state import State
from bluegreen.step import Step
from bluegreen.store import STATE, Record, Store
from bluegreen.watch import Traffic

SERVICES = ("account", "database")
START = datetime(2026, 1, 1, tzinfo=UTC)


class CrashError(BaseException):
    """kill -9 of the deployer: no handler runs after it, as far as Python can play that."""


def release(number: int, *, contract: int = 1) -> Release:
    """The release of that number; its code knows as many expand revisions."""
    names = (*SERVICES, "kafka-tools")
    return Release(
        revision=f"{number:040x}",
        built_at=START + timedelta(seconds=number),
        images={name: f"registry.test/{name}@sha256:{number:064x}" for name in names},
        heads=Heads(expand=f"e{number:04}", contract=f"c{contract:04}"),
    )


@dataclass
class Containers:
    """What is in a lane."""

    release: Release
    running: bool = True
    healthy: bool = True
    takes_calls: bool = True


@dataclass
class World:
    """The server: files, containers, database, nginx; and what is wrong with releases.

    Attributes:
        files: By path.
        lanes: Containers.
        images: What was pulled.
        heads: Where the schema stands; None while there is no database.
        routed: The lane that nginx sends requests to.
        served: Whether there was ever a healthy lane with traffic.
        dirty: Lanes whose topics may hold requests of a former life.
        faults: Errors that the next calls of a port's method raise, one each.
        bad: Versions that do not start, do not answer the scenario, fail, or are slow.
        crash_at: At which point the deployer is killed.
        points: How many points were passed.
        broken_promises: What must never be, and was.
        seconds: How much time has passed.
        free_bytes: Room on its disk.
        skew: How many seconds the deployer's clock is ahead.
        told: All that was told to the listener.
        alive: The process of the deployer that runs now.
        dead: Whether it was killed.
    """

    files: dict[str, str] = field(default_factory=dict)
    lanes: dict[Lane, Containers] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    heads: Heads | None = None
    routed: Lane = Lane.BLUE
    served: bool = False
    dirty: set[Lane] = field(default_factory=set)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    crash_at: int | None = None
    points: int = 0
    seconds: float = 0.0
    free_bytes: int = 10**11
    skew: float = 0.0
    broken_promises: list[str] = field(default_factory=list)
    told: list[Record] = field(default_factory=list)
    alive: int = 0
    dead: bool = False

    @property
    def state(self) -> State:
        """What the server remembers."""
        content = self.files.get(STATE)
        return State() if content is None else State.parse(content, STATE)

    @property
    def now(self) -> datetime:
        """Its clock."""
        return START + timedelta(days=1, seconds=self.seconds)

    def lock(self, host: str = "laptop") -> Lock:
        """The lock, as a new process sees it; the one before on the same machine has ended."""
        self.alive += 1
        self.dead = False
        identity = Identity("anna", host, self.alive, lambda pid: pid == self.alive, self._token)
        return Lock(_Files(self), identity, beat_every=3600)

    def run(self, wanted: Wanted) -> list[Step]:
        """Do what is wanted, as a deployer that was started anew; the plan that was done."""
        return self._deployer(lambda state: plan(state, wanted))

    def do(self, steps: Sequence[Step]) -> None:
        """Do steps that nobody has planned."""
        self._deployer(lambda _state: list(steps))

    def _deployer(self, planned: Callable[[State], list[Step]]) -> list[Step]:
        store = Store(_Files(self))
        clock = _Clock(self)
        acts = Acts(
            store=store,
            engine=_Engine(self),
            balancer=_Nginx(self),
            clock=clock,
            demands=Demands(services=SERVICES),
            wall=lambda: self.now.timestamp() + self.skew,
        )
        who = Run(f"run-{self.points}", "anna", lambda text: text.replace("hunter2", "[REDACTED]"))
        executor = Executor(store=store, acts=acts, clock=clock, run=who, listener=self._listen)
        with self.lock().held("test") as held:
            steps = planned(store.load())
            executor.do(steps, held)
        return steps

    def point(self, name: str) -> None:
        """Where the deployer can be killed."""
        self._check()
        self.points += 1
        if self.crash_at is not None and self.points >= self.crash_at:
            self.dead = True
        self.live_or_die(name)

    def live_or_die(self, name: str) -> None:
        """Let nothing be done by a deployer that was killed, such as giving back its lock."""
        if self.dead:
            raise CrashError(name)

    def fault(self, name: str) -> None:
        """Raise what is to go wrong with this call."""
        if waiting := self.faults.get(name):
            raise waiting.pop(0)

    def _listen(self, _step: Step, record: Record) -> None:
        self.told.append(record)

    def _token(self) -> str:
        return f"token-{self.alive}"

    def _check(self) -> None:
        there = self.lanes.get(self.routed)
        serves = there is not None and there.running and there.healthy and there.takes_calls
        if self.served and not serves:
            self.broken_promises.append(f"{self.routed} has the traffic and does not serve")
        self.served = self.served or (serves and self.state.live == self.routed)
        for lane, containers in self.lanes.items():
            if containers.running and not self._fits(containers.release):
                self.broken_promises.append(f"the schema does not fit what runs in {lane}")

    def _fits(self, one: Release) -> bool:
        return (
            self.heads is not None
            and one.can_serve(self.heads)
            and self.heads.expand >= one.heads.expand
        )


class _Port:
    def __init__(self, world: World) -> None:
        self._world = world

    def _before(self, name: str) -> None:
        self._world.seconds += 0.1
        self._world.point(f"before {name}")
        self._world.fault(name)

    def _after(self, name: str) -> None:
        self._world.point(f"after {name}")


class _Clock:
    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.seconds

    def sleep(self, seconds: float) -> None:
        self._world.seconds += seconds


class _Files(_Port):
    def now(self) -> datetime:
        self._world.live_or_die("now")
        self._world.fault("now")
        return self._world.now

    def read(self, path: str) -> str | None:
        self._world.live_or_die("read")
        return self._world.files.get(path)

    def write(self, path: str, content: str) -> None:
        self._before("write")
        self._world.files[path] = content
        self._after("write")

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        self._world.live_or_die("swap")
        if self._world.files.get(path) != before:
            return False
        self._world.files.pop(path, None)
        if after is not None:
            self._world.files[path] = after
        return True

    def append(self, path: str, line: str) -> None:
        self._world.live_or_die("append")
        self._world.fault("append")
        content = self._world.files.get(path, "")
        cut = "\n" if content and not content.endswith("\n") else ""
        self._world.files[path] = f"{content}{cut}{line}\n"

    def names(self, folder: str) -> Sequence[str]:
        here = f"{folder}/"
        return sorted(p.removeprefix(here) for p in self._world.files if p.startswith(here))

    def remove(self, path: str) -> None:
        self._before("remove")
        self._world.files.pop(path, None)
        self._after("remove")


class _Engine(_Port):
    def facts(self, timeout: float) -> Facts:  # noqa: ARG002 - the port's
        self._before("facts")
        return Facts(self._world.now, self._world.free_bytes, "26.1", self._world.heads)

    def has_images(self, release: Release, timeout: float) -> bool:  # noqa: ARG002
        return self._world.images.issuperset(release.images.values())

    def pull(self, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("pull")
        for image in release.images.values():
            self._world.images.add(image)
            self._after("pull")

    def servers_are_healthy(self, timeout: float) -> bool:  # noqa: ARG002
        return self._world.heads is not None

    def start_servers(self, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("start_servers")
        self._world.heads = self._world.heads or Heads()
        self._after("start_servers")

    def heads(self, timeout: float) -> Heads:  # noqa: ARG002
        return self._world.heads or Heads()

    def expand(self, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("expand")
        self._migrate(Heads(expand=release.heads.expand))
        self._after("expand")

    def contract(self, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("contract")
        self._migrate(release.heads)
        self._after("contract")

    def condition(self, lane: Lane, timeout: float) -> Condition:  # noqa: ARG002
        there = self._world.lanes.get(lane)
        if there is None:
            return Condition()
        images = {name: there.release.images[name] for name in SERVICES}
        running = frozenset(SERVICES) if there.running else frozenset()
        well = there.running and there.healthy and there.takes_calls
        return Condition(images, frozenset(SERVICES) if well else frozenset(), running)

    def clear(self, lane: Lane, timeout: float) -> None:  # noqa: ARG002
        self._before("clear")
        if lane in self._world.lanes:
            self._world.lanes[lane].running = False
            self._world.dirty.add(lane)
            self._after("clear")
            del self._world.lanes[lane]
        self._after("clear")

    def prepare_topics(self, lane: Lane, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("prepare_topics")
        if lane in self._world.lanes and self._world.lanes[lane].running:
            self._world.broken_promises.append(f"topics of {lane} were emptied while it ran")
        self._world.dirty.discard(lane)
        self._after("prepare_topics")

    def start(self, lane: Lane, release: Release, timeout: float) -> None:
        self._before("start")
        if not self._world.images.issuperset(release.images.values()):
            raise PortError("an image is not there")
        if lane in self._world.dirty and lane not in self._world.lanes:
            self._world.broken_promises.append(f"{lane} may serve requests of its former life")
        self._world.lanes[lane] = Containers(release, healthy=False)
        self._after("start")
        if self._world.bad.get(release.version) == "does not start":
            self._world.seconds += timeout
            raise PortError("account is not healthy", "account: exited 1, password hunter2")
        self._world.lanes[lane].healthy = True
        self._after("start")

    def publish(self, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("publish")

    def end_streams(self, lane: Lane, timeout: float) -> bool:  # noqa: ARG002
        self._before("end_streams")
        return True

    def end_calls(self, lane: Lane, timeout: float) -> bool:  # noqa: ARG002
        self._before("end_calls")
        if lane in self._world.lanes:
            self._world.lanes[lane].takes_calls = False
        self._after("end_calls")
        return True

    def stop(self, lane: Lane, timeout: float) -> None:  # noqa: ARG002
        self._before("stop")
        if lane in self._world.lanes:
            self._world.lanes[lane].running = False
            self._world.dirty.add(lane)
        self._after("stop")

    def remove_images(self, images: Sequence[str], timeout: float) -> None:  # noqa: ARG002
        self._before("remove_images")
        self._world.images.difference_update(images)
        self._after("remove_images")

    def _migrate(self, to: Heads) -> None:
        self._world.heads = (self._world.heads or Heads()).joined(to)


class _Nginx(_Port):
    def live(self, timeout: float) -> Lane | None:  # noqa: ARG002
        return self._world.routed

    def prove(self, lane: Lane, release: Release, timeout: float) -> None:  # noqa: ARG002
        self._before("prove")
        if self._world.bad.get(release.version) == "answers 500":
            raise PortError("GET / answered 500")

    def route(self, lane: Lane, timeout: float) -> None:  # noqa: ARG002
        self._before("route")
        self._world.routed = lane
        self._after("route")

    def end_requests(self, lane: Lane, timeout: float) -> bool:  # noqa: ARG002
        self._before("end_requests")
        return True

    def traffic(self, timeout: float) -> Mapping[Lane, Traffic]:  # noqa: ARG002
        self._world.point("traffic")
        self._world.fault("traffic")
        return {lane: self._of(there.release) for lane, there in self._world.lanes.items()}

    def _of(self, one: Release) -> Traffic:
        ill = self._world.bad.get(one.version)
        failures = 50 if ill == "fails with traffic" else 0
        return Traffic(1000, failures, 3.0 if ill == "is slow" else 0.1)


def files(world: World) -> Server:
    """The files of a server, for what needs no more of it."""
    return _Files(world)
