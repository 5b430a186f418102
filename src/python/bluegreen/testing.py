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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bluegreen.acts import Acts, Demands
from bluegreen.bundle import Bundle, digest
from bluegreen.delivery import Choose, Delivery
from bluegreen.errors import TemporaryError
from bluegreen.executor import Executor
from bluegreen.hooks import Hooks
from bluegreen.journal import Journal, Run
from bluegreen.lane import Lane
from bluegreen.lock import FILE, Identity, Lock
from bluegreen.memory import (
    SERVICES,
    TOOLS,
    Files,
    MemoryClock,
    MemoryEngine,
    Nginx,
    People,
    Serving,
    Tenancy,
)
from bluegreen.plan import Contract, Deploy, Wanted
from bluegreen.ports import Clock, Outcome, Server
from bluegreen.release import Heads, Release
from bluegreen.settings import Hook
from bluegreen.settings import Hooks as SettingsOfHooks
from bluegreen.state import State
from bluegreen.step import Step
from bluegreen.store import STATE, Record, Store

START = datetime(2026, 1, 1, tzinfo=UTC)

FILES = {
    "lane.yml": """\
services:
  account: {image: account, labels: {tandem.reconnect: SIGUSR1}}
  database: {image: database}
  topics: {profiles: [task]}
  routes: {profiles: [task]}
  static: {profiles: [task]}
""",
    "servers.yml": """\
services: {kafka: {image: kafka}, nginx: {image: nginx}, postgres: {image: postgres}}
volumes: {static: {}}
""",
}
"""The Compose files of all releases."""


class CrashError(BaseException):
    """kill -9 of the deployer: no handler runs after it, as far as Python can play that."""


def release(number: int, *, contract: int = 1, more: Sequence[str] = ()) -> Release:
    """The release of that number; its code knows as many expand revisions.

    Args:
        number: Of its images, too.
        contract: The newest contract revision that it knows.
        more: Services that other releases do not have.
    """
    names = (*SERVICES, *more, *TOOLS)
    return Release(
        revision=f"{number:040x}",
        built_at=START + timedelta(seconds=number),
        images={name: f"registry.test/{name}@sha256:{number:064x}" for name in names},
        files={name: digest(content) for name, content in FILES.items()},
        heads=Heads(expand=f"e{number:04}", contract=f"c{contract:04}"),
    )


def bundle(number: int) -> Bundle:
    """The release of that number, as it is delivered."""
    return Bundle(release(number), FILES)


@dataclass
class World:
    """The server: files, containers, database, nginx; and what is wrong with releases.

    Attributes:
        files: By path.
        lanes: What is in each.
        images: What was pulled.
        heads: Where the schema stands; None while there is no database.
        routed: The lane that nginx sends requests to.
        standby: The lane that answers what that one does not.
        served: Whether there was ever a healthy lane with traffic.
        dirty: Lanes whose topics may hold requests of a former life.
        made: Lanes whose containers were made, one after the other.
        kept: Whether connections from before a switch, or those of streams that ended since, may
            still bring requests to the lane before.
        faults: Errors that the next calls of a port's method raise, one each.
        bad: Versions that do not start, do not answer the scenario, fail, are slow, are killed, or
            are ill: they answer, and never get healthy.
        crash_at: At which point the deployer is killed.
        break_at: At which point its connection breaks, once.
        gone_from: From which point on it is broken for all that changes the server.
        points: How many points were passed.
        broken_promises: What must never be, and was.
        changed: What a lane would be told otherwise now than it was.
        newer: Secrets that changed since the lane that serves was started.
        taken: Versions by which servers took secrets over.
        seconds: How much time has passed.
        free_bytes: Room on its disk.
        engine: The version of its Docker engine.
        skew: How many seconds the deployer's clock is ahead.
        slow: How many seconds each write of a file takes, and each removal.
        hangs: Files whose reading does not end.
        hooks: What runs beside the steps.
        ran: Those that ran: their programs, and what they were told.
        told: All that was told to the listener.
        heard: All that people were told.
        said: What was said beside.
        alive: The process of the deployer that runs now.
        dead: Whether it was killed.
    """

    files: dict[str, str] = field(default_factory=dict)
    lanes: dict[Lane, Tenancy] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    heads: Heads | None = None
    routed: Lane = Lane.BLUE
    standby: Lane | None = None
    served: bool = False
    dirty: set[Lane] = field(default_factory=set)
    made: list[Lane] = field(default_factory=list)
    kept: bool = False
    faults: dict[str, list[Exception | KeyboardInterrupt]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    crash_at: int | None = None
    break_at: int | None = None
    gone_from: int | None = None
    points: int = 0
    changed: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    free_bytes: int = 10**11
    engine: str = "26.1"
    skew: float = 0.0
    broken_promises: list[str] = field(default_factory=list)
    slow: float = 0.0
    hangs: set[str] = field(default_factory=set)
    hooks: SettingsOfHooks = field(default_factory=SettingsOfHooks)
    ran: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    told: list[Record] = field(default_factory=list)
    heard: list[Outcome] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
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
        identity = Identity(
            "anna", host, "boot", self.alive, lambda pid: pid == self.alive, self._token
        )
        return Lock(Files(self), identity, beat_every=3600)

    def run(self, wanted: Wanted | Choose) -> list[Step]:
        """Do what is wanted, as a deployer that was started anew; the plan that was done."""
        store, clock, lock, journal, executor, hooks = self._parts()
        planned: list[Step] = []
        delivery = Delivery(
            destination="staging",
            lock=lock,
            store=store,
            executor=executor,
            notifier=People(self),
            journal=journal,
            clock=clock,
            hooks=hooks,
            announce=planned.extend,
            subjects=lambda old, new: [f"{old[-1]} became {new[-1]}"],
        )
        delivery.do("test", wanted if callable(wanted) else lambda _state, _store: wanted)
        return planned

    def do(self, steps: Sequence[Step]) -> None:
        """Do steps that nobody has planned."""
        _, _, lock, _, executor, _ = self._parts()
        with lock.held("test") as held:
            executor.do(steps, held)

    def _parts(self) -> tuple[Store, Clock, Lock, Journal, Executor, Hooks]:
        store, clock = Store(Files(self)), MemoryClock(self)
        lock = self.lock()
        run = Run(f"run-{self.points}", "anna", lambda text: text.replace("hunter2", "[REDACTED]"))
        journal = Journal(store, clock, run, self.told.append)
        acts = Acts(
            store=store,
            engine=MemoryEngine(self),
            balancer=Nginx(self),
            serving=Serving(self),
            clock=clock,
            demands=Demands(tools=TOOLS),
            contents={digest(content): content for content in FILES.values()},
            wall=lambda: self.now.timestamp() + self.skew,
            say=self.said.append,
        )
        hooks = Hooks(self.hooks, {"BLUEGREEN_OWNER": "anna"}, self._hook, journal)
        executor = Executor(store=store, acts=acts, clock=clock, journal=journal, hooks=hooks)
        return store, clock, lock, journal, executor, hooks

    def _hook(self, hook: Hook, told: Mapping[str, str]) -> None:
        name = hook.command[0]
        self.point(f"before the hook {name}")
        self.ran.append((name, told))
        self.fault(name)
        self.point(f"after the hook {name}")

    def point(self, name: str) -> None:
        """Where the deployer can be killed."""
        self._check()
        self.points += 1
        if self.crash_at is not None and self.points >= self.crash_at:
            self.dead = True
        self.live_or_die(name)
        self.reach(name)
        if self.points == self.break_at:
            raise TemporaryError(f"the connection broke {name}")

    def reach(self, name: str) -> None:
        """Let nothing come through a connection that is broken for good."""
        if self.gone_from is not None and self.points >= self.gone_from:
            raise TemporaryError(f"the connection broke {name}")

    def live_or_die(self, name: str) -> None:
        """Let nothing be done by a deployer that was killed, such as giving back its lock."""
        if self.dead:
            raise CrashError(name)

    def fault(self, name: str) -> None:
        """Raise what is to go wrong with this call."""
        if waiting := self.faults.get(name):
            raise waiting.pop(0)

    def answers(self, lane: Lane) -> bool:
        """Whether what is in a lane answers; what is ill does, though it never gets healthy."""
        there = self.lanes.get(lane)
        if there is None or not (there.running and there.takes_calls):
            return False
        return there.healthy or self.bad.get(there.release.version) == "is ill"

    def fall(self, lane: Lane, ill: str) -> None:
        """Have the release in a lane be bad from now on."""
        there = self.lanes[lane]
        self.bad[there.release.version] = ill
        there.healthy = False
        # Who serves nobody any more has not lost it by the deployer.
        self.served = self.served and self.answers(self.routed)

    def _token(self) -> str:
        return f"token-{self.alive}"

    def _check(self) -> None:
        serves = self.answers(self.routed)
        serves = serves or (self.standby is not None and self.answers(self.standby))
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


def files(world: World) -> Server:
    """The files of a server, for what needs no more of it."""
    return Files(world)


def served_by(world: World) -> str:
    """The version that has the traffic, if all that remembers it and shows it agrees.

    Raises:
        AssertionError: it does not, or a promise was broken on the way.
    """
    state = world.state
    there, other = world.lanes.get(world.routed), world.lanes.get(world.routed.other)
    held = {
        "no promise was broken": not world.broken_promises,
        "nothing is unfinished": state.operation is None,
        "the state knows where nginx sends requests": state.live is world.routed,
        "the live lane has the release": there and there.release == state.serving,
        "the live lane serves": there and there.running and there.healthy and there.takes_calls,
        "the other lane does not run": other is None or not other.running,
        "the lock was given back": FILE not in world.files,
    }
    broken = [what for what, holds in held.items() if not holds]
    if broken or state.serving is None:
        raise AssertionError(f"not so: {'; '.join(broken)}; {world.broken_promises}")
    return state.serving.version


def with_deployed(*numbers: int) -> World:
    """A server that releases of these numbers were delivered to."""
    world = World()
    for number in numbers:
        world.run(Deploy(release(number)))
    return world


def contract(world: World) -> Contract:
    """That the schema is contracted now, without a time for ways back."""
    return Contract(world.now, timedelta())
