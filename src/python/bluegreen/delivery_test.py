import pytest

from bluegreen.delivery import rollback_to
from bluegreen.errors import LockedError, PortError, RefusedError, StepError
from bluegreen.plan import Deploy, Rollback
from bluegreen.settings import Hook, Hooks
from bluegreen.store import Event, Record
from bluegreen.testing import CrashError, World, release, with_deployed

ONE, TWO, THREE = release(1), release(2), release(3)


def version(world: World) -> str:
    assert world.state.serving is not None
    return world.state.serving.version


def test_people_hear_of_a_release_with_what_changed_and_who_asked() -> None:
    world = with_deployed(1, 2)
    heard = world.heard[-1]
    assert (heard.destination, heard.version, heard.owner) == ("staging", TWO.version, "anna")
    assert heard.changed == ["account", "database", "kafka-tools"]
    assert heard.failure is None
    assert heard.seconds > 0
    assert heard.serves == f"{TWO.version} serves from green"


def test_people_hear_from_which_commit_to_which_and_what_came_between() -> None:
    first, second = with_deployed(1, 2).heard
    assert (first.commits, first.subjects) == (None, ())
    assert second.commits == (ONE.revision, TWO.revision)
    assert second.subjects == ["1 became 2"]


def test_it_is_written_down_that_people_were_told() -> None:
    told = [each.event for each in with_deployed(1).told if each.step == "notify"]
    assert told == [Event.STARTED, Event.SUCCEEDED]


def test_people_hear_of_a_failure_and_of_no_secret() -> None:
    world = with_deployed(1)
    world.faults["expand"] = [PortError("role with password hunter2 is missing")]
    with pytest.raises(StepError):
        world.run(Deploy(TWO))
    failure = world.heard[-1].failure
    assert failure is not None
    assert "expand failed: role with password [REDACTED] is missing" in failure
    assert "hunter2" not in world.files["audit.jsonl"]


def test_what_was_refused_or_not_needed_is_no_end_of_a_delivery() -> None:
    world = with_deployed(1)
    with pytest.raises(RefusedError):
        world.run(Rollback(TWO))
    world.run(Deploy(ONE))
    assert len(world.heard) == 1


def test_a_release_is_delivered_though_nobody_can_be_told() -> None:
    world = with_deployed(1)
    world.faults["notify"] = [PortError("no route to the chat")]
    world.run(Deploy(TWO))
    assert version(world) == TWO.version
    last = world.told[-1]
    assert (last.step, last.event, last.detail) == ("notify", Event.FAILED, "no route to the chat")


def test_ctrl_c_while_people_are_told_takes_nothing_back() -> None:
    world = with_deployed(1)
    world.faults["notify"] = [KeyboardInterrupt()]
    world.run(Deploy(TWO))
    assert version(world) == TWO.version
    last = world.told[-1]
    assert (last.step, last.event, last.detail) == ("notify", Event.FAILED, "it was interrupted")


class Hasty(list[Record]):
    """What is told of a delivery; behind its last line somebody presses Ctrl-C."""

    def __init__(self, world: World, last: str) -> None:
        self.world = world
        self.last = last

    def append(self, record: Record) -> None:
        super().append(record)
        if (record.step, record.event) == (self.last, Event.SUCCEEDED):
            self.world.faults["read"] = [KeyboardInterrupt()]


def test_ctrl_c_as_it_is_looked_up_who_serves_now_leaves_a_delivery_delivered() -> None:
    world = with_deployed(1)
    world.hooks = Hooks(succeeded=Hook(command=("cheer",)))
    world.told = Hasty(world, "end")
    world.run(Deploy(TWO))
    assert world.faults["read"] == []
    assert [name for name, _ in world.ran] == ["cheer"]
    assert world.heard[-1].failure is None


def test_ctrl_c_as_it_is_looked_up_who_serves_now_hides_no_failure() -> None:
    world = with_deployed(1)
    world.hooks = Hooks(failed=Hook(command=("cry",)))
    world.told = Hasty(world, "end")
    world.faults["expand"] = [PortError("no room")]
    with pytest.raises(StepError, match="expand failed: no room; everything is as before"):
        world.run(Deploy(TWO))
    assert world.faults["read"] == []
    assert [name for name, _ in world.ran] == ["cry"]
    assert world.heard[-1].failure is not None


def test_a_rollback_without_a_version_goes_to_the_release_before() -> None:
    world = with_deployed(1, 2)
    world.run(rollback_to(None))
    assert version(world) == ONE.version
    with pytest.raises(RefusedError, match="name a version of: 20260101-000001-0000"):
        world.run(rollback_to(None))


def test_a_rollback_without_a_version_undoes_what_is_unfinished_and_no_more() -> None:
    world = with_deployed(1, 2)
    world.crash_at = world.points + 30
    with pytest.raises(CrashError):
        world.run(Deploy(THREE))
    world.crash_at = None
    world.run(rollback_to(None))
    assert version(world) == TWO.version
    assert world.state.previous == ONE.version
    heard = world.heard[-1]
    assert (heard.version, heard.failure) == (THREE.version, None)
    assert heard.changed == THREE.changed_since(TWO)


def test_a_rollback_goes_to_any_version_whose_manifest_is_there() -> None:
    world = with_deployed(1, 2, 3)
    world.run(rollback_to(ONE.version))
    assert version(world) == ONE.version
    with pytest.raises(RefusedError, match="v9 was never deployed here; there are: "):
        world.run(rollback_to("v9"))


def test_what_somebody_else_deploys_is_not_looked_at() -> None:
    world = with_deployed(1)
    with world.lock(host="ci").held("deploy"), pytest.raises(LockedError):
        world.run(Deploy(TWO))
