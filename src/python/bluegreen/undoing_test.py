"""A deploy that cannot go back as it should, for the release before is ill itself."""

from contextlib import suppress
from copy import deepcopy

import pytest

from bluegreen.errors import PortError, StepError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.plan import Deploy, Rollback, Wanted
from bluegreen.store import Event, Record
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


class Cut(list[Record]):
    """Has Docker be away while a step is tried, the first time that it is."""

    def __init__(self, world: World, step: str, port: str) -> None:
        super().__init__()
        self.world, self.step, self.port = world, step, port

    def append(self, record: Record) -> None:
        super().append(record)
        if (record.step, record.event) == (self.step, Event.STARTED):
            self.step = ""
            self.world.faults[self.port] = [TemporaryError("Docker is away")] * 3


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


def recovered() -> World:
    """A server where the old lane is well again, after it did not take the traffic back."""
    world = with_stuck()
    del world.bad[ONE.version]
    world.lanes[Lane.BLUE].healthy = True
    return world


def test_a_way_back_that_was_cut_off_is_taken_before_another_release_comes() -> None:
    world = with_deployed(1)
    world.bad |= {TWO.version: "is slow", THREE.version: "answers 500"}
    world.told = Cut(world, "switch blue", "route")
    with pytest.raises(StepError, match="going back failed, too: Docker is away; run the same"):
        world.run(Deploy(TWO))
    with pytest.raises(StepError, match=r"prove green failed: .*; everything is as before"):
        world.run(Deploy(THREE))
    assert served_by(world) == ONE.version


def test_a_lane_that_is_well_again_is_not_stopped_but_gone_back_to() -> None:
    world = recovered()
    world.bad[THREE.version] = "answers 500"
    with pytest.raises(StepError, match=r"go-on green failed: blue is well.*; run the same"):
        world.run(Deploy(THREE))
    assert (world.state.live, world.routed) == (Lane.GREEN, Lane.GREEN)
    with pytest.raises(StepError, match=r"prove green failed: .*; everything is as before"):
        world.run(Deploy(THREE))
    assert served_by(world) == ONE.version


def test_going_on_that_was_cut_off_is_remembered_as_it_was() -> None:
    world = with_stuck()
    before = world.state
    world.told = Cut(world, "go-on green", "condition")
    with pytest.raises(StepError, match="go-on green failed: Docker is away; green keeps"):
        world.run(Deploy(THREE))
    assert world.state == before
    world.run(Deploy(THREE))
    assert served_by(world) == THREE.version


def test_a_release_before_that_is_gone_keeps_no_other_from_coming() -> None:
    world = with_deployed(1)
    world.fall(Lane.BLUE, "does not start")
    world.lanes[Lane.BLUE].running = False
    world.images -= set(ONE.images.values())
    world.bad[TWO.version] = "is slow"
    with pytest.raises(StepError, match="blue is not healthy any more; green keeps"):
        world.run(Deploy(TWO))
    world.run(Deploy(THREE))
    assert served_by(world) == THREE.version


def test_who_was_sent_back_by_hand_is_left_there() -> None:
    world = recovered()
    world.routed, world.standby = Lane.BLUE, Lane.GREEN
    with pytest.raises(StepError, match=r"go-on green failed: blue is well.*; run the same"):
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
