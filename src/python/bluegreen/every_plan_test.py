"""What holds for every plan, from whatever deployers that were killed have left."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from bluegreen.effects import Moment, all_done, begun, done, failed
from bluegreen.errors import PortError, RecoveredError, RefusedError, TemporaryError
from bluegreen.plan import Deploy, Rollback, Wanted, plan
from bluegreen.state import State, Status
from bluegreen.step import Action, Step
from bluegreen.testing import release

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NUMBERS = st.integers(1, 4)
DEPLOYS = st.builds(lambda number, anew: Deploy(release(number), anew), NUMBERS, st.booleans())
ROLLBACKS = st.builds(
    lambda number: Rollback(release(number) if number else None), st.integers(0, 4)
)


type Cut = Callable[[State, Step], State] | None

ERRORS = [kind("it is not so") for kind in (PortError, TemporaryError, RecoveredError)]
CUTS: list[Cut] = [begun, *(partial(failed, error=error) for error in ERRORS), None]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(DEPLOYS | ROLLBACKS, st.integers(0, 25), st.sampled_from(CUTS)),
        max_size=5,
    ),
    DEPLOYS | ROLLBACKS,
)
def test_from_whatever_was_left_behind_every_plan_leads_to_one_live_lane(
    history: list[tuple[Wanted, int, Cut]], last: Wanted
) -> None:
    state = State()
    for wanted, length, how in history:
        state = _cut(state, wanted, length, how)
    try:
        steps = plan(state, last)
    except RefusedError:
        return
    _check_order(state, steps)
    after = all_done(state, steps)
    assert after.operation is None
    if after.live is None:
        assert isinstance(last, Rollback)
        assert after.lanes == {}
        return
    assert after.lanes[after.live].status is Status.SERVING
    others = [tenant.status for lane, tenant in after.lanes.items() if lane is not after.live]
    assert others in ([], [Status.STOPPED])
    if last.release is not None:  # type: ignore[union-attr]  # both have one
        assert after.serving == last.release  # type: ignore[union-attr]


def _cut(state: State, wanted: Wanted, length: int, how: Cut) -> State:
    """What is left of a plan that ended after so many steps, or in the last of them."""
    try:
        steps = plan(state, wanted)
    except RefusedError:
        return state
    for number, step in enumerate(steps):
        state = begun(state, step)
        if number == length and how is not None:
            return how(state, step)
        state = done(state, step, Moment(NOW, "killed"))
        if number == length:
            return state
    return state


def _check_order(state: State, steps: list[Step]) -> None:
    """No step takes away the lane that the traffic is at, and none sends it to an unproven one."""
    for step in steps:
        if step.action in {Action.CLEAR, Action.TOPICS, Action.DRAIN_CALLS, Action.STOP}:
            assert step.lane is not state.live
        if step.action is Action.SWITCH and step.lane is not None and step.lane is not state.live:
            assert state.operation is not None
            if not state.operation.going_back:
                assert state.lanes[step.lane].status in {Status.PROVEN, Status.SERVING}
        state = done(begun(state, step), step, Moment(NOW, "planned"))
