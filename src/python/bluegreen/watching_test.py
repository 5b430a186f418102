"""How long a lane is watched: as long as is wanted, and never longer than its step may take."""

import pytest

from bluegreen.plan import Deploy, plan
from bluegreen.step import Action, Step, default_timeouts
from bluegreen.store import Event
from bluegreen.testing import World, release, served_by, with_deployed
from bluegreen.watch import Limits

TWO = release(2)


def steps(world: World, timeout: float) -> list[Step]:
    return plan(world.state, Deploy(TWO), {**default_timeouts(), Action.WATCH: timeout})


def watched(world: World) -> float:
    """How long the lane was watched, which ended well."""
    [record] = [
        each for each in world.told if each.step == "watch green" and each.event is Event.SUCCEEDED
    ]
    return record.seconds


@pytest.mark.parametrize("timeout", [5, 13, 60, 70, 82, 120])
def test_a_watch_ends_well_in_its_time_however_short_that_is(timeout: float) -> None:
    world = with_deployed(1)
    world.do(steps(world, timeout))
    assert served_by(world) == TWO.version
    assert watched(world) < timeout


@pytest.mark.parametrize("looks", [1, 15, 29, 30])
def test_a_look_that_fails_for_now_does_not_begin_the_watch_anew(looks: int) -> None:
    world = with_deployed(1)
    planned = steps(world, 120)
    at = next(n for n, each in enumerate(planned) if each.action is Action.WATCH)
    world.do(planned[:at])
    # The state is written, at two points, before the first look at the traffic.
    world.break_at = world.points + 2 + looks
    world.do(planned[at:])
    assert served_by(world) == TWO.version
    assert [each.event for each in world.told if each.step == "watch green"] == [
        Event.STARTED,
        Event.RETRIED,
        Event.SUCCEEDED,
    ]
    assert watched(world) == pytest.approx(Limits().seconds, abs=5)
