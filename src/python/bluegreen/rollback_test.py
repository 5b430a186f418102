"""A release comes back: into the lane where it was stopped, if it is there still."""

import pytest

from bluegreen.errors import StepError
from bluegreen.lane import Lane
from bluegreen.plan import Deploy, Rollback
from bluegreen.testing import release, served_by, with_deployed

ONE, TWO, THREE = release(1), release(2), release(3)


def test_a_rollback_starts_the_containers_that_are_there() -> None:
    world = with_deployed(1, 2)
    made = list(world.made)
    world.run(Rollback(ONE))
    assert world.made == made
    world.run(Rollback(TWO))
    assert world.made == made
    world.run(Deploy(THREE))
    world.run(Rollback(ONE))  # which has lost its lane to the third
    assert world.made == [*made, Lane.BLUE, Lane.GREEN]
    assert served_by(world) == ONE.version


def test_a_rollback_stops_what_somebody_has_started_before_its_topics_are_emptied() -> None:
    world = with_deployed(1, 2)
    world.lanes[Lane.BLUE].running = True
    world.run(Rollback(ONE))
    assert served_by(world) == ONE.version


def test_a_rollback_that_fails_leaves_the_containers_that_were_there() -> None:
    world = with_deployed(1, 2)
    world.bad[ONE.version] = "answers 500"
    before = world.state
    with pytest.raises(StepError, match="everything is as before"):
        world.run(Rollback(ONE))
    assert world.state == before
    assert served_by(world) == TWO.version
    assert not world.lanes[Lane.BLUE].running
