"""What to do, from what is there and what is wanted. Pure: nothing is asked, nothing is touched.

What an earlier deployer left unfinished comes first. A deploy of the same content is gone on with;
any other is undone as long as the old lane has not begun to drain, and finished from there on. One
that could not be undone, for the old lane does not take the traffic, is left as nginx has it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bluegreen.effects import all_done, keeps
from bluegreen.errors import RefusedError
from bluegreen.lane import Lane
from bluegreen.release import Release
from bluegreen.state import Operation, State, Status
from bluegreen.step import DRAINING, Action, Kind, Step, default_timeouts


@dataclass(frozen=True)
class Deploy:
    """A release is to have the traffic.

    Attributes:
        release: Which.
        anew: Whether it is brought although its like serves and goes on to: with other settings.
    """

    release: Release
    anew: bool = False


@dataclass(frozen=True)
class Rollback:
    """A release that ran before is to have the traffic again; what is unfinished is undone.

    Attributes:
        release: Which; None if it is enough to undo what is unfinished.
    """

    release: Release | None


@dataclass(frozen=True)
class Contract:
    """What only older releases needed of the schema is to go.

    Attributes:
        now: The time by the server's clock.
        window: How long after a switch a rollback must be possible.
    """

    now: datetime
    window: timedelta


@dataclass(frozen=True)
class Prune:
    """Releases that nobody can go back to are to go.

    Attributes:
        recorded: Versions of all manifests on the server.
        served: Versions that have had the traffic once.
        keep: How many stay in any case: the newest that served, then the newest of the rest.
    """

    recorded: Sequence[str]
    served: Collection[str]
    keep: int


# Done once more when it was done before: cheap where nothing has changed since.
_AGAIN = {Action.START, Action.PROVE, Action.SWITCH}

type Wanted = Deploy | Rollback | Contract | Prune
type Timeouts = Mapping[Action, float]


def plan(state: State, wanted: Wanted, timeouts: Timeouts | None = None) -> list[Step]:
    """The steps that lead from a state to what is wanted; none if it is there.

    Args:
        state: What the server remembers.
        wanted: Where to get.
        timeouts: Seconds of each action.

    Raises:
        RefusedError: it is not safe now, or makes no sense; the message says what to do first.
    """
    planner = _Planner(timeouts or default_timeouts())
    match wanted:
        case Deploy():
            return planner.deploy(state, wanted)
        case Rollback(release):
            return planner.roll_back(state, release)
        case Contract():
            return planner.contract(state, wanted)
        case Prune():
            return planner.prune(state, wanted)


def turn_back(state: State, timeouts: Timeouts | None = None) -> list[Step]:
    """The steps that undo what is unfinished; none if nothing is, or if it is too late for that."""
    operation = state.operation
    if operation is None or not can_turn_back(operation):
        return []
    return _Planner(timeouts or default_timeouts()).turn_back(state, operation)


def can_turn_back(operation: Operation) -> bool:
    """Whether an operation can be undone: the old lane has not begun to drain."""
    return operation.going_back or operation.reached not in {*DRAINING, Action.STOP}


class _Planner:
    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts

    def deploy(self, state: State, wanted: Deploy) -> list[Step]:
        operation, release = state.operation, wanted.release
        if operation and not operation.going_back and _brings(operation, release):
            return self._resume(state, operation)
        if operation and not operation.going_back and _is_all_there_is(operation):
            before = self._rest(state, operation)
        else:
            same = operation is not None and _brings(operation, release)
            before = self._settle(state, goes_back=same)
        settled = all_done(state, before)
        anew = wanted.anew and settled.live is state.live
        if settled.serving and settled.serving.is_same_as(release) and not anew:
            return before
        _check_schema(settled, release)
        return [*before, *self._bring(settled, release, Kind.DEPLOY)]

    def roll_back(self, state: State, release: Release | None) -> list[Step]:
        operation = state.operation
        if operation and operation.kind is Kind.CONTRACT and not operation.going_back:
            raise RefusedError(
                "contract was begun, and what it has removed older releases may need; run "
                "contract again to finish it"
            )
        before = self._settle(state, goes_back=release is None)
        if release is None:
            if not before:
                raise RefusedError("nothing is unfinished, so name a version to go back to")
            return before
        settled = all_done(state, before)
        if settled.serving is None:
            raise RefusedError("no release has the traffic, so there is nothing to go back from")
        if settled.serving.is_same_as(release):
            return before
        _check_schema(settled, release)
        if release.heads.expand > settled.database.expand:
            raise RefusedError(
                f"{release.version} was never deployed here: it wants the schema at "
                f"{release.heads.expand}, and it is at {settled.database.expand}; deploy it"
            )
        return [*before, *self._bring(settled, release, Kind.ROLLBACK)]

    def contract(self, state: State, wanted: Contract) -> list[Step]:
        operation = state.operation
        if operation and operation.kind is Kind.CONTRACT:
            return self._settle(state)
        _check_nothing_old(state, wanted)
        release, live = state.serving, state.live
        if release is None or live is None:
            raise RefusedError("no release has the traffic; deploy one first")
        if release.heads.contract <= state.database.contract:
            return []
        begin = self._step(Action.BEGIN, live, release, kind=Kind.CONTRACT)
        looked = self._step(Action.PREFLIGHT, kind=Kind.CONTRACT)
        return [looked, begin, *self._contracting(state, live, release)]

    def prune(self, state: State, wanted: Prune) -> list[Step]:
        if state.operation:
            raise RefusedError(
                f"a {state.operation.kind} is unfinished; finish it or roll it back first"
            )
        kept = {tenant.release.version for tenant in state.lanes.values()} | {state.previous}
        by_worth = sorted(wanted.recorded, key=lambda each: (each in wanted.served, each))
        kept.update(by_worth[-wanted.keep :])
        superfluous = tuple(sorted(set(wanted.recorded) - kept))
        if not superfluous:
            return []
        return [self._step(Action.PRUNE, versions=superfluous)]

    def turn_back(self, state: State, operation: Operation) -> list[Step]:
        return [
            self._step(Action.TURN_BACK, release=operation.release),
            *self._undoing(state, operation),
            self._step(Action.END),
        ]

    def _settle(self, state: State, *, goes_back: bool = True) -> list[Step]:
        """Deal with what is unfinished and not wanted.

        Args:
            state: What the server remembers.
            goes_back: Whether to try once more what could not be undone.
        """
        operation = state.operation
        if operation is None:
            return []
        if operation.stuck and not goes_back:
            return self._go_on(operation)
        finishes = operation.kind is Kind.CONTRACT and not operation.going_back
        if finishes or not can_turn_back(operation):
            return self._rest(state, operation)
        return self.turn_back(state, operation)

    def _go_on(self, operation: Operation) -> list[Step]:
        """End what cannot be undone, in the lane that has the traffic."""
        stays = self._step(Action.GO_ON, operation.lane, operation.release)
        return [stays, *self._ending(operation.old)]

    def _bring(self, state: State, release: Release, kind: Kind) -> list[Step]:
        lane = state.live.other if state.live else Lane.BLUE
        begin = self._step(Action.BEGIN, lane, release, kind=kind)
        return [
            self._step(Action.PREFLIGHT, release=release, kind=kind),
            begin,
            *self._bringing(lane, state.live, release, kind, keeps(state, lane, release, kind)),
        ]

    def _bringing(
        self, lane: Lane, old: Lane | None, release: Release, kind: Kind, kept: bool
    ) -> Iterator[Step]:
        """What a deploy or a rollback does once it has begun."""
        deploys = kind is Kind.DEPLOY
        yield self._step(Action.RECORD, release=release)
        yield self._step(Action.PULL, release=release)
        yield self._step(Action.SERVERS, release=release)
        if deploys:
            yield self._step(Action.EXPAND, release=release)
        if not kept:
            yield self._step(Action.CLEAR, lane)
        yield self._step(Action.TOPICS, lane, release)
        yield self._step(Action.START, lane, release)
        if not kept:  # otherwise they are there: what others have published was added to them
            yield self._step(Action.PUBLISH, release=release)
        yield self._step(Action.PROVE, lane, release)
        yield self._step(Action.SWITCH, lane, release)
        if deploys:
            # A rollback is not watched: what it leaves is worse already.
            yield self._step(Action.WATCH, lane, release)
        yield from self._ending(old)

    def _ending(self, old: Lane | None) -> Iterator[Step]:
        """What comes once the other lane has the traffic."""
        if old is not None:
            yield from (self._step(action, old) for action in (*DRAINING, Action.STOP))
        yield self._step(Action.END)

    def _contracting(self, state: State, lane: Lane, release: Release) -> Iterator[Step]:
        yield self._step(Action.CONTRACT, release=release)
        idle = state.lanes.get(lane.other)
        if idle is not None and not idle.release.can_serve(release.heads):
            yield self._step(Action.CLEAR, lane.other)
        yield self._step(Action.END)

    def _steps_of(self, state: State, operation: Operation) -> list[Step]:
        """All steps of an operation after its `BEGIN`."""
        release, lane = operation.release, operation.lane
        if operation.kind is Kind.CONTRACT:
            return list(self._contracting(state, lane, release))
        return list(self._bringing(lane, operation.old, release, operation.kind, operation.kept))

    def _resume(self, state: State, operation: Operation) -> list[Step]:
        """Go on from the step that was reached, in a lane that may not be what it was."""
        steps = self._steps_of(state, operation)
        reached = steps.index(self._rest(state, operation)[0])
        again = [step for step in steps[:reached] if step.action in _AGAIN]
        looked = [self._step(Action.PREFLIGHT, release=operation.release, kind=operation.kind)]
        return [*looked, *again, *steps[reached:]]

    def _rest(self, state: State, operation: Operation) -> list[Step]:
        """The step that was reached, which may be done or not, and those after it."""
        steps = self._steps_of(state, operation)
        actions = [step.action for step in steps]
        # `BEGIN` itself was done when the operation was written down.
        return steps[actions.index(operation.reached) :] if operation.reached in actions else steps

    def _undoing(self, state: State, operation: Operation) -> Iterator[Step]:
        """What undoes the steps that were begun, the last one first."""
        steps = self._steps_of(state, operation)
        begun = len(steps) - len(self._rest(state, operation)) + 1
        old = operation.old
        for step in reversed(steps[:begun]):
            if step.action is Action.SWITCH and old is None:
                continue
            for action in step.back:
                if old is not None and action in {Action.START, Action.SWITCH}:
                    # What is ill may answer, or have the traffic still: the switch finds out.
                    ill = action is Action.START
                    yield self._step(action, old, state.lanes[old].release, optional=ill)
                elif action is Action.CLEAR and operation.kept:
                    yield self._step(Action.STOP, operation.lane)
                elif action is Action.SCHEMA:
                    yield self._step(action)
                else:
                    yield self._step(action, operation.lane)

    def _step(
        self,
        action: Action,
        lane: Lane | None = None,
        release: Release | None = None,
        *,
        kind: Kind | None = None,
        versions: tuple[str, ...] = (),
        optional: bool = False,
    ) -> Step:
        return Step(action, self._timeouts[action], lane, release, kind, versions, optional)


def _brings(operation: Operation, release: Release) -> bool:
    return operation.kind is not Kind.CONTRACT and operation.release.is_same_as(release)


def _is_all_there_is(operation: Operation) -> bool:
    """Whether undoing it would leave nothing that serves: it is the first, and may have traffic."""
    return operation.old is None and operation.reached in {Action.SWITCH, Action.WATCH}


def _check_schema(state: State, release: Release) -> None:
    if not release.can_serve(state.database):
        raise RefusedError(
            f"{release.version} knows the schema up to {release.heads.contract}, and "
            f"{state.database.contract} has removed what it needs; go forward by a new release, "
            "or restore a backup"
        )


def _check_nothing_old(state: State, wanted: Contract) -> None:
    if state.operation:
        raise RefusedError(
            f"a {state.operation.kind} is unfinished; finish it or roll it back, then contract"
        )
    old = state.lanes.get(state.live.other) if state.live else None
    if old is not None and old.status is not Status.STOPPED:
        raise RefusedError(
            f"{old.release.version} is not stopped ({old.status}); deploy again, then contract"
        )
    if state.switched_at and (left := state.switched_at + wanted.window - wanted.now) > timedelta():
        raise RefusedError(
            f"a rollback must be possible for {_minutes(left)} more; contract after that"
        )


def _minutes(left: timedelta) -> str:
    minutes = -(-left // timedelta(minutes=1))
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
