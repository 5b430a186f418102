"""What each step does and what proves that it is done, in terms of the ports."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bluegreen import preflight
from bluegreen.bundle import Bundle
from bluegreen.deadline import Deadline
from bluegreen.errors import PortError, RecoveredError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.ports import Balancer, Clock, Condition, Engine, WhatServes
from bluegreen.release import Heads, Release
from bluegreen.state import State
from bluegreen.step import DRAINING, LEAVING, Action, Kind, Proof, Step, kept_for_writing
from bluegreen.store import Store
from bluegreen.watch import LOOK_SECONDS, Limits, Traffic, complaint

_UP_TO_PULL = {Action.BEGIN, Action.RECORD, Action.PULL}
_SWITCHED = {Action.SWITCH, Action.WATCH, *DRAINING, Action.STOP}

type _Act = Callable[[Step, State, Deadline], Heads | None]


@dataclass(frozen=True)
class Demands:
    """What a destination wants of a release and of its server.

    Attributes:
        tools: Images of a release that no lane runs: servers and tools. All others are services.
        least_free_bytes: Room that the disk must have.
        watch: When a new lane does too badly.
    """

    tools: Collection[str]
    least_free_bytes: int = 2 * 10**9
    watch: Limits = field(default_factory=Limits)


class Acts:
    """Does steps on a server.

    Args:
        store: The deployer's files there.
        engine: Docker there.
        balancer: nginx there.
        serving: The lane that serves.
        clock: Time here.
        demands: What the destination wants.
        contents: The Compose files of the release to deliver, by their digests.
        wall: Seconds since 1970 by this machine's clock.
        say: Is told of what is in the way of nothing, and should not be so.
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: Engine,
        balancer: Balancer,
        serving: WhatServes,
        clock: Clock,
        demands: Demands,
        contents: Mapping[str, str],
        wall: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._store = store
        self._engine = engine
        self._balancer = balancer
        self._serving = serving
        self._clock = clock
        self._demands = demands
        self._contents = contents
        self._wall = wall
        self._say = say
        self._acts: Mapping[Action, _Act] = {
            Action.PREFLIGHT: self._preflight,
            Action.RECORD: lambda step, _state, end: self._record(_release(step), end),
            Action.PULL: lambda step, _state, end: self._engine.pull(_release(step), end.left()),
            Action.SERVERS: lambda step, _s, end: self._engine.start_servers(
                _release(step), end.left()
            ),
            Action.EXPAND: self._expand,
            Action.CLEAR: lambda step, _state, end: self._engine.clear(_lane(step), end.left()),
            Action.TOPICS: self._topics,
            Action.START: lambda step, _state, end: self._engine.start(
                _lane(step), _release(step), end.left()
            ),
            Action.PUBLISH: lambda step, _state, end: self._engine.publish(
                _release(step), end.left()
            ),
            Action.PROVE: lambda step, _state, end: self._engine.prove(
                _lane(step), _release(step), end.left()
            ),
            Action.SWITCH: self._switch,
            Action.WATCH: self._watch,
            # What has not ended in time is ended by what comes next.
            Action.DRAIN_HTTP: self._end_requests,
            Action.DRAIN_STREAMS: self._end_streams,
            Action.DRAIN_CALLS: lambda step, _state, end: _nothing(
                self._engine.end_calls(_lane(step), end.left())
            ),
            Action.STOP: lambda step, _state, end: self._engine.stop(_lane(step), end.left()),
            Action.GO_ON: self._go_on,
            Action.CONTRACT: self._contract,
            Action.PRUNE: self._prune,
            Action.SCHEMA: self._look_at_schema,
        }
        self._proofs: Mapping[Proof, Callable[[Step, Deadline], bool]] = {
            Proof.RECORDED: lambda step, end: (
                self._store.within(end.look()).release(_release(step).version) == _release(step)
            ),
            Proof.PULLED: lambda step, end: self._engine.has_images(_release(step), end.look()),
            Proof.SERVERS_HEALTHY: lambda _step, end: self._engine.servers_are_healthy(end.look()),
            Proof.EXPANDED: lambda step, end: (
                self._heads(step, end).expand >= _release(step).heads.expand
            ),
            Proof.CONTRACTED: lambda step, end: (
                self._heads(step, end).contract >= _release(step).heads.contract
            ),
            Proof.EMPTY: lambda step, end: not self._condition(step, end).images,
            Proof.HEALTHY: self._is_well,
            Proof.ROUTED: lambda step, end: self._balancer.live(end.look()) == step.lane,
            Proof.QUIET: lambda step, end: not self._condition(step, end).running,
        }

    def is_done(self, step: Step, state: State, timeout: float) -> bool:
        """Whether the server shows, within seconds, that a step has nothing left to do."""
        proof = step.rule.proof
        # nginx names a lane before there is a release, and a new database lets nobody ask.
        unknown = {Proof.ROUTED, Proof.EXPANDED} if state.live is None else set()
        if proof is None or proof in unknown:
            return False
        end = Deadline.after(self._clock, timeout)
        # One that was killed may have sent people to a lane that does not answer.
        unseen = _goes_back(state) and proof is Proof.ROUTED and step.lane != state.live
        if unseen and not self._is_well(step, end):
            return False
        if step.action is Action.GO_ON and self._is_well(_old(step, state), end):
            return False
        return self._proofs[proof](step, end)

    def do(self, step: Step, state: State, timeout: float) -> Heads | None:
        """Do a step.

        Returns:
            Where the schema stands, if the step has looked.

        Raises:
            PortError: it cannot be done.
        """
        act = self._acts.get(step.action)
        if act is None:  # what only changes the state
            return None
        end = Deadline.after(self._clock, timeout)
        if step.action in LEAVING:
            self._take_no_traffic(step, state, end)
        if step.action is Action.START:
            self._check_known(step, state, end)
        return act(step, state, end)

    def _preflight(self, step: Step, state: State, end: Deadline) -> Heads | None:
        facts = self._engine.facts(end.left())
        lacks = preflight.refuse if self._wants_room(step, state, end) else self._warn
        preflight.check(facts, self._demands.least_free_bytes, self._wall(), lacks)
        if step.release and _pulls(state):
            self._engine.ask_registry(step.release, end.left())
        self._check_lane(state, end)
        if step.kind is Kind.CONTRACT:
            self._check_nothing_old(state, end)
        self._tell_secrets(state, end)
        heads = self._look_at_schema(step, state, end)
        if step.release and heads and not step.release.can_serve(heads):
            raise PortError(
                f"{step.release.version} knows the schema up to {step.release.heads.contract}, and "
                f"the database is at {heads.contract}: what it needs was removed"
            )
        return heads

    def _wants_room(self, step: Step, state: State, end: Deadline) -> bool:
        """Whether something new comes: what goes on, or goes back to what is there, has to."""
        goes_back = step.kind is Kind.ROLLBACK
        return _pulls(state) and not (
            goes_back and self._engine.has_images(_release(step), end.look())
        )

    def _warn(self, lacking: str) -> None:
        self._say(f"warning: {lacking}")

    def _tell_secrets(self, state: State, end: Deadline) -> None:
        """Have the database take over passwords that changed, by which it is asked from now on."""
        if state.live is None or state.serving is None:
            return
        if self._serving.newer_secrets(state.live, end.look()):
            self._engine.tell_secrets(state.serving, end.left())

    def _check_lane(self, state: State, end: Deadline) -> None:
        """See that people are where the state has them; one that was cut off may not know it."""
        found = self._balancer.live(end.look())
        if state.operation is None and None not in {state.live, found} and found != state.live:
            raise PortError(
                f"nginx sends people to {found}, and {state.live} is remembered to serve, so that "
                "somebody has switched by hand; `bluegreen servers` sends them back"
            )

    def _check_nothing_old(self, state: State, end: Deadline) -> None:
        """See that the lane without traffic is stopped, whatever is remembered of it."""
        if state.live is None:
            return
        lane = state.live.other
        running = self._engine.condition(lane, end.look()).running
        if running:
            raise PortError(
                f"{', '.join(sorted(running))} of {lane} runs, which is remembered to be stopped: "
                "somebody has started it, and it may need what contract removes; stop it on the "
                "server, then contract"
            )

    def _record(self, release: Release, end: Deadline) -> None:
        missing = sorted(set(release.files.values()) - self._contents.keys())
        if missing:
            raise PortError(f"the files of {release.version} are not at hand: deploy it once more")
        files = {name: self._contents[digest] for name, digest in release.files.items()}
        self._store.within(end.left()).keep(Bundle(release, files))

    def _look_at_schema(self, _step: Step, state: State, end: Deadline) -> Heads | None:
        """Where the schema stands, as the release that serves sees it; None if none does."""
        return None if state.serving is None else self._engine.heads(state.serving, end.left())

    def _expand(self, step: Step, state: State, end: Deadline) -> Heads:
        running = None if state.serving is None else state.serving.heads
        self._engine.expand(_release(step), running, end.left())
        return self._heads(step, end)

    def _contract(self, step: Step, state: State, end: Deadline) -> Heads:
        self._check_nothing_old(state, end)
        self._engine.contract(_release(step), end.left())
        return self._heads(step, end)

    def _topics(self, step: Step, state: State, end: Deadline) -> None:
        # What a rollback starts again is stopped; if somebody has started it, it takes calls.
        if self._condition(step, end).running:
            self._engine.stop(_lane(step), end.left())
        again = state.operation is not None and state.operation.kept
        self._engine.prepare(_lane(step), _release(step), end.left(), again=again)

    def _switch(self, step: Step, state: State, end: Deadline) -> None:
        lane, there = _lane(step), self._condition(step, end)
        # Whether it answers is seen by its traffic, and by then some requests have failed. What
        # goes back goes to whatever answers nginx: it was ill before, or its traffic goes nowhere.
        goes_back = _goes_back(state)
        well = there.serves(_release(step), self._demands.tools)
        if not (there.running if goes_back else well):
            said = self._engine.report(lane)
            # Where nothing of it runs, although it was started once more, it does not answer.
            kind = PortError if goes_back else TemporaryError
            raise kind(said.added_to(f"{lane} is not healthy any more"), said.text)
        try:
            self._balancer.route(lane, end.left())
        except PortError as error:
            said = self._engine.report(lane)
            detail = f"{error.detail}\n{said.text}".strip()
            raise type(error)(said.added_to(str(error)), detail) from error

    def _go_on(self, step: Step, state: State, end: Deadline) -> None:
        """Send people back who were sent away by a deployer that was killed as it went back."""
        old = _old(step, state)
        if self._is_well(old, end):
            raise RecoveredError(f"{old.lane} is well, so that traffic goes back to it first")
        self._balancer.route(_lane(step), end.left())

    def _watch(self, step: Step, state: State, end: Deadline) -> None:
        limits = self._demands.watch
        # A try that follows another one watches on: what is left tells how long it was watched.
        over = step.timeout - kept_for_writing(step.timeout) - end.left()
        # The last look has its time, too.
        seconds = min(limits.seconds - over, end.left() - limits.round)
        watched = Deadline.after(self._clock, seconds)
        while True:
            self._clock.sleep(min(limits.interval, max(0.0, end.left() - LOOK_SECONDS)))
            self._look_at_traffic(step, state, end)
            if not watched.left():
                return

    def _look_at_traffic(self, step: Step, state: State, end: Deadline) -> None:
        limits, lane = self._demands.watch, _lane(step)
        if not self._is_well(step, end):
            said = self._engine.report(lane)
            why = said.added_to(f"{lane} is not healthy any more, with traffic on it")
            raise PortError(why, said.text)
        since = state.switched_at or self._store.within(end.look()).now()
        new, old = self._balancer.traffic(lane, since, end.look())
        found = complaint(new, old if _has_old(state) else Traffic(), limits)
        if found is not None:
            said = self._engine.report(lane)
            why = said.added_to(f"{lane} does worse than the lane before: {found}")
            raise PortError(why, said.text)

    def _end_requests(self, step: Step, state: State, end: Deadline) -> None:
        self._balancer.settle(_switched_at(state), end.left())
        self._engine.end_requests(_lane(step), end.left())

    def _end_streams(self, step: Step, state: State, end: Deadline) -> None:
        self._engine.end_streams(_lane(step), end.left())
        # The connection that a stream has left may bring one more request to the lane before.
        self._balancer.settle(_switched_at(state), end.left())

    def _prune(self, step: Step, state: State, end: Deadline) -> None:
        store = self._store.within(end.left())
        kept = {version: store.release(version) for version in store.versions()}
        gone = [kept.pop(version) for version in step.versions if version in kept]
        needed = {
            image for release in kept.values() if release for image in release.images.values()
        }
        needed.update(i for tenant in state.lanes.values() for i in tenant.release.images.values())
        images = {image for release in gone if release for image in release.images.values()}
        self._engine.remove_images(sorted(images - needed), end.left())
        for version in step.versions:
            store.forget(version)

    def _take_no_traffic(self, step: Step, state: State, end: Deadline) -> None:
        """Whatever a plan says: a lane that serves is never taken away, nor one that may."""
        if state.live is None:
            return
        lane = _lane(step)
        if lane in {state.live, self._balancer.live(end.look())}:
            raise PortError(f"{lane} has the traffic, so it is left as it is; this is a bug")
        self._balancer.stand_down(lane, end.left())

    def _check_known(self, step: Step, state: State, end: Deadline) -> None:
        """Leave a lane alone that another deployer has brought the traffic to meanwhile."""
        lane, operation = _lane(step), state.operation
        known = {state.live}
        if operation is not None:
            known |= {operation.old, operation.lane if operation.reached in _SWITCHED else None}
        if state.live is not None and lane not in known and self._balancer.live(end.look()) is lane:
            raise PortError(
                f"{lane} has the traffic, and no deployer remembers to have sent it there, so it "
                "is left as it is; see who else works on the server"
            )

    def _heads(self, step: Step, end: Deadline) -> Heads:
        return self._engine.heads(_release(step), end.look())

    def _is_well(self, step: Step, end: Deadline) -> bool:
        return self._condition(step, end).serves(_release(step), self._demands.tools)

    def _condition(self, step: Step, end: Deadline) -> Condition:
        return self._engine.condition(_lane(step), end.look())


def _pulls(state: State) -> bool:
    """Whether images are still to come: what goes on after the pull needs no registry."""
    return state.operation is None or state.operation.reached in _UP_TO_PULL


def _goes_back(state: State) -> bool:
    return state.operation is not None and state.operation.going_back


def _has_old(state: State) -> bool:
    return state.operation is not None and state.operation.old is not None


def _switched_at(state: State) -> datetime | None:
    """When the traffic left the lane that drains, or a little later; None if the state cannot tell.

    What goes back may have been switched without a word in it.
    """
    operation = state.operation
    return None if operation is None or operation.going_back else state.switched_at


def _nothing(_ended: bool) -> None:
    """Of an act that finds out whether it is done, and leaves what is not to the next one."""


def _old(step: Step, state: State) -> Step:
    """The same step, of the other lane and of the release that is there."""
    lane = _lane(step).other
    return replace(step, lane=lane, release=state.lanes[lane].release)


def _lane(step: Step) -> Lane:
    if step.lane is None:
        raise AssertionError(f"{step.name} without a lane")
    return step.lane


def _release(step: Step) -> Release:
    if step.release is None:
        raise AssertionError(f"{step.name} without a release")
    return step.release
