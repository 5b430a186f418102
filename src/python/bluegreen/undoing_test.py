"""A deploy that cannot go back as it should, for the release before is ill itself."""

from contextlib import suppress
from copy import deepcopy

import pytest

from bluegreen.errors import PortError, StepError
from bluegreen.lane import Lane
from bluegreen.plan import Deploy, Rollback, Wanted
from bluegreen.store import Event
from bluegreen.testing import CrashError, World, release, served_by, with_deployed

ONE, TWO, THREE = release(1), release(2), release(3)
MOST_COMMANDS = 4


def ill_before(ill: str, *, refused: bool) -> World:
    """A server whose release is ill, where the next one fails: as it is switched to, or after."""
    world = with_deployed(1)
    world.fall(Lane.BLUE, ill)
    if refused:
        world.faults["route"] = [PortError("nginx refuses it")]
    else:
        world.bad[TWO.version] = "is slow"
    return world


def with_stuck() -> World:
    """A server where the new release has the traffic, and no other can have it."""
    world = ill_before("does not start", refused=False)
    with pytest.raises(StepError, match=r"watch green failed: .*; going back failed, too"):
        world.run(Deploy(TWO))
    return world


def run_until_done(world: World, wanted: Wanted) -> int:
    """How many commands it took, each of which says to run it again."""
    for number in range(1, MOST_COMMANDS + 1):
        with suppress(StepError):
            world.run(wanted)
            return number
    raise AssertionError(f"not after {MOST_COMMANDS} commands: {world.state.operation}")


@pytest.mark.parametrize("ill", ["does not start", "is ill"])
def test_traffic_that_never_left_an_ill_release_keeps_no_new_one_from_going(ill: str) -> None:
    world = ill_before(ill, refused=True)
    with pytest.raises(StepError, match="nginx refuses it; everything is as before"):
        world.run(Deploy(TWO))
    left = (world.state.operation, world.routed, list(world.lanes))
    assert left == (None, Lane.BLUE, [Lane.BLUE])
    world.run(Deploy(THREE))
    assert served_by(world) == THREE.version


def test_traffic_goes_back_to_a_release_that_is_ill_and_answers() -> None:
    world = ill_before("is ill", refused=False)
    with pytest.raises(StepError, match="everything is as before"):
        world.run(Deploy(TWO))
    left = (world.state.operation, world.routed, list(world.lanes))
    assert left == (None, Lane.BLUE, [Lane.BLUE])
    failed = [record.step for record in world.told if record.event is Event.FAILED]
    assert failed == ["watch green", "start blue"]
    assert world.broken_promises == []


def test_traffic_that_cannot_go_back_stays_and_what_to_do_is_told() -> None:
    world = with_stuck()
    assert world.routed is Lane.GREEN
    with pytest.raises(StepError, match=r"green keeps the traffic: `rollback` tries .* once more"):
        world.run(Rollback(None))
    assert world.routed is Lane.GREEN
    assert world.broken_promises == []


@pytest.mark.parametrize("wanted", [Deploy(THREE), Rollback(TWO)])
def test_from_traffic_that_cannot_go_back_others_go_on(wanted: Deploy | Rollback) -> None:
    world = with_stuck()
    world.run(wanted)
    assert wanted.release is not None
    assert served_by(world) == wanted.release.version


def test_a_rollback_to_what_is_still_ill_leaves_what_serves() -> None:
    world = with_stuck()
    with pytest.raises(StepError, match=r"start blue failed: .*; everything is as before"):
        world.run(Rollback(ONE))
    assert served_by(world) == TWO.version


def test_a_rollback_goes_back_once_the_release_before_is_well_again() -> None:
    world = with_stuck()
    del world.bad[ONE.version]
    world.run(Rollback(None))
    assert served_by(world) == ONE.version


def test_who_was_sent_back_by_hand_is_left_there() -> None:
    world = with_stuck()
    del world.bad[ONE.version]
    world.lanes[Lane.BLUE].healthy = True
    world.routed, world.standby = Lane.BLUE, Lane.GREEN
    with pytest.raises(StepError, match=r"go-on green failed: .*blue, which is well; run the same"):
        world.run(Deploy(THREE))
    assert world.routed is Lane.BLUE
    world.run(Deploy(THREE))
    assert served_by(world) == THREE.version


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "watched"])
@pytest.mark.parametrize("ill", ["does not start", "is ill"])
def test_a_deploy_over_an_ill_release_that_is_killed_at_any_point_lets_another_one_come(
    ill: str, refused: bool
) -> None:
    prepared = ill_before(ill, refused=refused)
    whole = deepcopy(prepared)
    before = whole.points
    with pytest.raises(StepError):
        whole.run(Deploy(TWO))
    for point in range(1, whole.points - before + 1):
        world = deepcopy(prepared)
        world.crash_at = world.points + point
        with pytest.raises(CrashError):
            world.run(Deploy(TWO))
        world.crash_at = None
        run_until_done(world, Deploy(THREE))
        assert served_by(world) == THREE.version, point


@pytest.mark.parametrize("wanted", [Deploy(THREE), Rollback(TWO), Rollback(None)])
def test_what_goes_on_and_is_killed_at_any_point_lets_another_one_come(wanted: Wanted) -> None:
    prepared = with_stuck()
    whole = deepcopy(prepared)
    before = whole.points
    with suppress(StepError):
        whole.run(wanted)
    for point in range(1, whole.points - before + 1):
        world = deepcopy(prepared)
        world.crash_at = world.points + point
        with pytest.raises(CrashError):
            world.run(wanted)
        world.crash_at = None
        run_until_done(world, Deploy(THREE))
        assert served_by(world) == THREE.version, point
