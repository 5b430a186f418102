"""What a step does to the memory of the server. Pure: a state and a step in, a state out.

A step is written down before it begins (`begun`) and after it ended well (`done`). A deployer that
is killed in between leaves a state that says which step may or may not have happened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from bluegreen.errors import PortError, RecoveredError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.release import Heads, Release
from bluegreen.state import Operation, State, Status, Tenant
from bluegreen.step import Action, Kind, Step


@dataclass(frozen=True)
class Moment:
    """What the outside adds to an effect.

    Attributes:
        at: The time by the server's clock.
        id: A name that no operation had.
        heads: Where the schema stands; None if nobody looked.
    """

    at: datetime
    id: str
    heads: Heads | None = None


def begun(state: State, step: Step) -> State:
    """The state when a step is about to be done."""
    if step.action is Action.START:
        state = _status(state, step, Status.STARTING)
    operation = state.operation
    if operation is not None and operation.stuck and step.action is Action.SWITCH:
        # One that is killed now may have done it.
        return _of_operation(state, stuck=False)
    if operation is None or operation.going_back or step.action not in _ORDER:
        return state
    # A step that is done once more on the way to where the last deployer was is not as far as that.
    if _ORDER.index(step.action) <= _ORDER.index(operation.reached):
        return state
    return _of_operation(state, reached=step.action)


def failed(state: State, step: Step, error: PortError) -> State:
    """The state when a step could not be done, for what an error says."""
    operation = state.operation
    # What is in the way for a moment tells nothing of the lanes.
    if operation is None or not operation.going_back or isinstance(error, TemporaryError):
        return state
    if step.action is Action.SWITCH:
        return _of_operation(state, stuck=True)
    if step.action is Action.GO_ON:
        back = _of_operation(state, stuck=False)
        # Where nginx refuses the new lane, the old one has the traffic, well or not.
        return back if isinstance(error, RecoveredError) else _with(back, live=operation.old)
    return state


def done(state: State, step: Step, moment: Moment) -> State:  # noqa: PLR0911 - one for each
    """The state when a step has been done."""
    match step.action:
        case Action.BEGIN:
            return _begin(state, step, moment)
        case Action.CLEAR:
            return _lanes(state, {lane: t for lane, t in state.lanes.items() if lane != step.lane})
        case Action.SWITCH:
            return _switch(state, step, moment)
        case Action.EXPAND | Action.CONTRACT | Action.SCHEMA | Action.PREFLIGHT:
            return _schema(state, step, moment)
        case Action.TURN_BACK:
            return _turn_back(state)
        case Action.GO_ON:
            forward = {"going_back": False, "stuck": False, "reached": Action.DRAIN_HTTP}
            return _switch(_of_operation(state, **forward), step, moment)
        case Action.END:
            return _with(state, operation=None)
        case _:
            return _status(state, step, _STATUS.get(step.action))


def keeps(state: State, lane: Lane, release: Release, kind: Kind) -> bool:
    """Whether the stopped containers of a lane are those that an operation is to bring there."""
    there = state.lanes.get(lane)
    return (
        kind is Kind.ROLLBACK
        and there is not None
        and there.status is Status.STOPPED
        and there.release.is_same_as(release)
    )


def all_done(state: State, steps: Iterable[Step]) -> State:
    """The state after steps that all end well, for a plan that goes on from there."""
    unknown = Moment(at=datetime.fromisoformat("1970-01-01T00:00:00Z"), id="planned")
    return reduce(lambda known, step: done(known, step, unknown), steps, state)


_ORDER: Sequence[Action] = [
    action for action in Action if action not in {Action.TURN_BACK, Action.GO_ON, Action.END}
]

_STATUS: Mapping[Action, Status] = {
    Action.START: Status.STARTED,
    Action.PROVE: Status.PROVEN,
    Action.DRAIN_CALLS: Status.DRAINED,
    Action.STOP: Status.STOPPED,
}


def _begin(state: State, step: Step, moment: Moment) -> State:
    assert step.lane is not None and step.release is not None and step.kind is not None  # noqa: S101, PT018 - a plan's
    operation = Operation(
        id=moment.id,
        kind=step.kind,
        release=step.release,
        lane=step.lane,
        old=state.live if step.kind is not Kind.CONTRACT else step.lane,
        previous=state.previous,
        kept=keeps(state, step.lane, step.release, step.kind),
        reached=Action.BEGIN,
        began_at=moment.at,
    )
    return _with(state, operation=operation)


def _switch(state: State, step: Step, moment: Moment) -> State:
    operation, lane = state.operation, step.lane
    if state.live == lane or operation is None or lane is None:
        return state
    if operation.going_back or _is_brought_anew(state, operation):
        previous = operation.previous
    elif operation.kind is Kind.DEPLOY and state.serving is not None:
        previous = state.serving.version
    else:
        # After a rollback: what was left behind is nothing to go back to.
        previous = None
    serving = Tenant(release=state.lanes[lane].release, status=Status.SERVING)
    there = _lanes(state, {**state.lanes, lane: serving})
    return _with(there, live=lane, previous=previous, switched_at=moment.at)


def _is_brought_anew(state: State, operation: Operation) -> bool:
    """Whether its like serves already, to which there is no way back."""
    return (
        operation.kind is Kind.DEPLOY
        and state.serving is not None
        and state.serving.is_same_as(operation.release)
    )


def _schema(state: State, step: Step, moment: Moment) -> State:
    if moment.heads is not None:
        return _with(state, database=moment.heads)
    if step.release is None or step.action in {Action.PREFLIGHT, Action.SCHEMA}:
        return state
    heads = step.release.heads
    ran = (
        Heads(expand=heads.expand, contract=state.database.contract)
        if step.action is Action.EXPAND
        else heads
    )
    return _with(state, database=state.database.joined(ran))


def _turn_back(state: State) -> State:
    if state.operation is None:
        return state
    # With nothing to go back to, the lane that failed has no traffic worth the name.
    live = state.live if state.operation.old else None
    return _with(_of_operation(state, going_back=True), live=live)


def _status(state: State, step: Step, status: Status | None) -> State:
    lane = step.lane
    # What has the traffic is serving, whatever is done to it once more.
    if status is None or lane is None or lane == state.live:
        return state
    release = step.release or (state.lanes[lane].release if lane in state.lanes else None)
    if release is None:
        return state
    return _lanes(state, {**state.lanes, lane: Tenant(release=release, status=status)})


def _lanes(state: State, lanes: Mapping[Lane, Tenant]) -> State:
    return _with(state, lanes=lanes)


def _of_operation(state: State, **changes: object) -> State:
    assert state.operation is not None  # noqa: S101 - those who change it have looked
    return _with(state, operation=state.operation.model_copy(update=changes))


def _with(state: State, **changes: object) -> State:
    return state.model_copy(update=changes)
