"""No step takes longer than its plan says."""

import pytest

from bluegreen.errors import StepError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.plan import Deploy, Prune, plan
from bluegreen.step import Action, Kind, Step, default_timeouts
from bluegreen.testing import release, served_by, with_deployed

TWO = release(2)


def test_no_step_takes_longer_than_it_says_where_each_file_takes_its_time() -> None:
    world = with_deployed(1)
    known, before = len(world.told), world.seconds
    world.slow = 6
    with pytest.raises(StepError, match=r"record failed: no time is left to write"):
        world.run(Deploy(TWO))
    steps = [Action.PREFLIGHT, Action.BEGIN, Action.RECORD, Action.TURN_BACK, Action.END]
    most = default_timeouts()
    assert world.seconds - before < sum(most[each] for each in steps)
    for record in (each for each in world.told[known:] if each.step != "notify"):
        assert record.seconds <= most[Action(record.step.split()[0])], record
    world.slow = 0
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version


def test_a_prune_ends_in_its_time() -> None:
    world = with_deployed(1, 2, 3, 4, 5)
    versions = [release(n).version for n in range(1, 6)]
    world.slow = 10
    [step] = plan(
        world.state, Prune(versions, versions, keep=1), {**default_timeouts(), Action.PRUNE: 25}
    )
    began = world.seconds
    with pytest.raises(StepError, match="prune failed: no time is left to remove"):
        world.do([step])
    assert world.seconds - began <= step.timeout


def test_what_cannot_be_written_down_in_time_is_given_up() -> None:
    world = with_deployed(1)
    step = Step(Action.BEGIN, 4, Lane.GREEN, TWO, Kind.DEPLOY)
    world.faults["write"] = [TemporaryError("the connection broke")] * 9
    began = world.seconds
    with pytest.raises(StepError, match="begin green failed: the connection broke"):
        world.do([step])
    assert world.seconds - began <= step.timeout
