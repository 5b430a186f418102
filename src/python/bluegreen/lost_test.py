"""A deployer that slept, or was cut off, until another one had its lock."""

import pytest

from bluegreen.errors import LockLostError, PortError, StepError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.lock import FILE
from bluegreen.plan import Deploy, plan
from bluegreen.store import STATE, Event, Record
from bluegreen.testing import World, release, with_deployed

ONE, TWO = release(1), release(2)


class Taking(list[Record]):
    """Takes the lock away from a deployer once it has told something of a step."""

    def __init__(self, world: World, step: str, event: Event) -> None:
        super().__init__()
        self.world, self.step, self.event = world, step, event
        self.state, self.made = "", list(world.made)

    def append(self, record: Record) -> None:
        if (record.step, record.event) == (self.step, self.event):
            self.world.files[FILE] = "{}"
            self.state, self.made = self.world.files[STATE], list(self.world.made)


class Hanging(list[Record]):
    """Has the server not tell who has the lock, from the start of a step on."""

    def __init__(self, world: World, step: str) -> None:
        super().__init__()
        self.world, self.step = world, step

    def append(self, record: Record) -> None:
        super().append(record)
        if (record.step, record.event) == (self.step, Event.STARTED):
            self.world.hangs = {FILE}


@pytest.mark.parametrize("step", ["begin green", "record", "end"])
def test_a_lock_that_cannot_be_asked_for_takes_no_step_its_time(step: str) -> None:
    world = with_deployed(1)
    world.told = Hanging(world, step)
    world.run(Deploy(TWO))
    world.hangs = set()
    assert (world.routed, world.state.serving) == (Lane.GREEN, TWO)
    assert world.state.operation is None


@pytest.mark.parametrize(
    ("step", "event"),
    [
        ("start green", Event.STARTED),
        ("start green", Event.RETRIED),
        ("publish", Event.STARTED),
        ("clear green", Event.STARTED),
    ],
)
def test_a_deployer_that_has_lost_its_lock_changes_nothing_more(step: str, event: Event) -> None:
    world = with_deployed(1)
    world.faults["start"] = [TemporaryError("the connection broke")]
    world.faults["publish"] = [PortError("the volume is not there")]
    world.told = taking = Taking(world, step, event)
    with pytest.raises(LockLostError):
        world.run(Deploy(TWO))
    assert taking.state
    assert (world.files[STATE], world.made) == (taking.state, taking.made)


def test_a_lane_that_another_deployer_has_sent_people_to_is_not_started_anew() -> None:
    world = with_deployed(1)
    steps = plan(world.state, Deploy(TWO))
    at = [step.name for step in steps].index("start green")
    world.do(steps[:at])
    behind = world.files[STATE]
    world.run(Deploy(TWO))
    world.files[STATE] = behind
    world.lanes[Lane.GREEN].healthy = False
    made = list(world.made)
    with pytest.raises(StepError, match="green has the traffic, and no deployer remembers"):
        world.do(steps[at : at + 1])
    assert world.made == made
