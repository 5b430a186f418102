import pytest

from bluegreen.errors import LockedError, PortError, RefusedError, StepError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.plan import Deploy, Prune, Rollback, plan
from bluegreen.state import Status
from bluegreen.step import Action, Step
from bluegreen.store import Event, Record, Store
from bluegreen.testing import World, contract, files, release, served_by, with_deployed

ONE, TWO, THREE = release(1), release(2), release(3)
BAD = ("does not start", "answers 500", "fails with traffic", "is slow")


def test_releases_take_turns_in_the_lanes() -> None:
    world = World()
    for number in range(1, 6):
        world.run(Deploy(release(number)))
        assert served_by(world) == release(number).version
    assert world.state.live is Lane.BLUE
    assert world.state.lanes[Lane.GREEN].status is Status.STOPPED


def test_a_release_that_serves_is_not_deployed_again() -> None:
    world = with_deployed(1)
    assert world.run(Deploy(ONE)) == []


def test_a_rollback_returns_to_the_release_before() -> None:
    world = with_deployed(1, 2)
    assert world.state.previous == ONE.version
    world.run(Rollback(ONE))
    assert served_by(world) == ONE.version
    assert world.state.previous is None


@pytest.mark.parametrize("ill", BAD)
def test_a_bad_release_leaves_the_one_before_it_as_it_was(ill: str) -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = ill
    with pytest.raises(StepError, match="everything is as before") as failed:
        world.run(Deploy(TWO))
    assert failed.value.went_back
    assert served_by(world) == ONE.version
    assert world.state.previous is None
    assert list(world.lanes) == [Lane.BLUE]


@pytest.mark.parametrize("ill", BAD)
def test_a_bad_release_with_a_new_service_leaves_the_one_before_it_as_it_was(ill: str) -> None:
    world = with_deployed(1)
    grown = release(2, more=["orders"])
    world.bad[grown.version] = ill
    with pytest.raises(StepError, match="everything is as before"):
        world.run(Deploy(grown))
    assert served_by(world) == ONE.version


def test_a_rollback_goes_behind_a_new_service_and_behind_one_that_was_removed() -> None:
    world = with_deployed(1)
    grown = release(2, more=["orders"])
    for brought, one in ((Deploy, grown), (Rollback, ONE), (Deploy, THREE), (Rollback, grown)):
        world.run(brought(one))
        assert served_by(world) == one.version


def test_a_lane_that_fell_ill_after_its_proof_gets_no_traffic() -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = "falls ill when proven"
    with pytest.raises(StepError, match="switch green failed: green is not healthy any more"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version


@pytest.mark.parametrize("ill", [*BAD[:3]])
def test_a_bad_first_release_leaves_nothing(ill: str) -> None:
    world = World(bad={ONE.version: ill})
    with pytest.raises(StepError):
        world.run(Deploy(ONE))
    assert world.lanes == {}
    assert world.state.live is None
    world.served, world.broken_promises = False, []  # there was nothing else to go back to
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version


def test_why_a_release_does_not_start_is_told_without_secrets() -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = "does not start"
    with pytest.raises(StepError, match="start green failed: account is not healthy") as failed:
        world.run(Deploy(TWO))
    assert failed.value.detail == "account: exited 1, password [REDACTED]"


def test_what_is_temporary_is_tried_again_a_bounded_number_of_times() -> None:
    broken = TemporaryError("the connection broke")
    world = World(faults={"pull": [broken] * 4, "write": [broken] * 2, "append": [broken]})
    world.run(Deploy(ONE))
    assert served_by(world) == ONE.version
    assert sum(record.event is Event.RETRIED for record in world.told) == 4

    world.faults["pull"] = [broken] * 5
    with pytest.raises(StepError, match="pull failed: the connection broke"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version


def test_a_step_ends_at_its_timeout_however_many_tries_are_left() -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = "does not start"
    began = world.seconds
    with pytest.raises(StepError):
        world.run(Deploy(TWO))
    assert world.seconds - began < 180 + 60


def test_a_switch_by_hand_is_told_before_anything_is_touched() -> None:
    world = with_deployed(1)
    world.routed = Lane.GREEN
    with pytest.raises(StepError, match="sends people to green, and blue is remembered") as ended:
        world.run(Deploy(TWO))
    assert ended.value.went_back
    assert (world.state.operation, list(world.lanes)) == (None, [Lane.BLUE])


def test_what_cannot_be_done_is_not_tried_again() -> None:
    world = with_deployed(1)
    world.faults["expand"] = [PortError("e0002 failed; its transaction was rolled back")]
    with pytest.raises(StepError, match="e0002 failed"):
        world.run(Deploy(TWO))
    assert [r.event for r in world.told if r.step == "expand"][-2:] == [Event.STARTED, Event.FAILED]
    assert served_by(world) == ONE.version


def test_ctrl_c_undoes_what_was_done() -> None:
    world = with_deployed(1)
    world.faults["prove"] = [KeyboardInterrupt()]
    with pytest.raises(StepError, match="it was interrupted; everything is as before"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version


def test_ctrl_c_between_two_steps_undoes_what_was_done() -> None:
    world = with_deployed(1)

    class Impatient(list[Record]):
        def append(self, record: Record) -> None:
            if (record.step, record.event) == ("pull", Event.SUCCEEDED):
                world.faults["now"] = [KeyboardInterrupt()]

    world.told = Impatient()
    with pytest.raises(StepError, match="it was interrupted; everything is as before"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version


def test_what_a_bug_breaks_off_is_undone_and_shows_where() -> None:
    world = with_deployed(1)
    world.faults["prove"] = [KeyError("State of hunter2")]
    with pytest.raises(StepError, match="a bug of the deployer, KeyError: ") as ended:
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version
    assert "memory.py" in ended.value.detail
    assert "hunter2" not in f"{ended.value}{ended.value.detail}{world.files['audit.jsonl']}"
    assert "a bug of the deployer" in (world.heard[-1].failure or "")


def test_a_bug_in_going_back_says_what_is_left_undone() -> None:
    world = with_deployed(1)
    world.faults["prove"] = [PortError("GET / answered 500")]
    world.faults["clear"] = [KeyError("State")]
    world.lanes.pop(Lane.GREEN, None)
    with pytest.raises(StepError, match="500; going back failed, too: a bug") as ended:
        world.run(Deploy(TWO))
    assert not ended.value.went_back


def test_a_second_ctrl_c_says_what_is_left_undone() -> None:
    world = with_deployed(1)
    world.faults["prove"] = [KeyboardInterrupt()]
    world.faults["clear"] = [KeyboardInterrupt()]
    world.lanes.pop(Lane.GREEN, None)
    with pytest.raises(StepError, match="going back failed, too: it was interrupted; run") as ended:
        world.run(Deploy(TWO))
    assert not ended.value.went_back


@pytest.mark.parametrize(
    "ill", ["fails with traffic", "is slow", "is killed", "is killed, and back"]
)
def test_who_is_sent_back_by_the_watch_is_shown_as_it_was(ill: str) -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = ill
    with pytest.raises(StepError, match="watch green failed: green ") as failed:
        world.run(Deploy(TWO))
    assert failed.value.detail == "what the containers of green say"
    assert served_by(world) == ONE.version


@pytest.mark.parametrize("ill", ["is killed", "is killed, and back"])
def test_who_was_killed_for_lack_of_memory_is_named_to_all_who_are_told(ill: str) -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = ill
    with pytest.raises(StepError, match=r"watch .*for lack of memory") as failed:
        world.run(Deploy(TWO))
    assert str(failed.value) in (world.heard[-1].failure or "")


def test_a_lane_that_nginx_does_not_reach_is_shown_as_it_was() -> None:
    world = with_deployed(1)
    world.faults["route"] = [PortError("through nginx green does not answer", "502")]
    with pytest.raises(StepError, match="switch green failed: through nginx") as failed:
        world.run(Deploy(TWO))
    assert failed.value.detail == "502\nwhat the containers of green say"
    assert served_by(world) == ONE.version


def test_the_log_tells_who_has_had_the_traffic() -> None:
    world = with_deployed(1)
    world.bad[TWO.version] = "answers 500"
    with pytest.raises(StepError):
        world.run(Deploy(TWO))
    world.run(Deploy(THREE))
    assert Store(files(world)).served() == {ONE.version, THREE.version}


def test_a_lane_that_cannot_be_stopped_keeps_nobody_from_the_new_one() -> None:
    world = with_deployed(1)
    world.faults["stop"] = [PortError("the engine refuses")]
    with pytest.raises(StepError, match="run the same command again") as failed:
        world.run(Deploy(TWO))
    assert not failed.value.went_back
    assert world.routed is Lane.GREEN
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version


def test_a_new_lane_that_dies_while_the_old_one_drains_can_be_left_again() -> None:
    world = with_deployed(1)
    world.faults["stop"] = [PortError("the engine refuses")]
    with pytest.raises(StepError):
        world.run(Deploy(TWO))
    world.served = False  # the promise is broken by what comes next, not by the deployer
    world.lanes[Lane.GREEN].healthy = False
    world.bad[TWO.version] = "does not start"
    world.run(Rollback(ONE))
    assert served_by(world) == ONE.version


def test_every_step_is_written_down_when_it_starts_and_when_it_ends() -> None:
    world = with_deployed(1, 2)
    opened = None
    for record in world.told:
        if opened is None:
            assert record.event is Event.STARTED
            opened = record.step
        else:
            assert record.event in {Event.SUCCEEDED, Event.SKIPPED}
            assert record.step == opened
            opened = None
    assert opened is None
    assert len(world.files["audit.jsonl"].splitlines()) == len(world.told)


def test_no_rollback_goes_to_what_was_never_there() -> None:
    with pytest.raises(RefusedError, match="was never deployed here"):
        with_deployed(1).run(Rollback(TWO))


def test_contract_ends_the_way_back() -> None:
    world = with_deployed(1)
    tightened = release(2, contract=2)
    world.run(Deploy(tightened))
    world.run(contract(world))
    assert world.heads == tightened.heads
    assert served_by(world) == tightened.version
    with pytest.raises(RefusedError, match="c0002 has removed what it needs"):
        world.run(Rollback(ONE))
    assert list(world.lanes) == [Lane.GREEN]


def test_nothing_is_contracted_while_somebody_has_the_old_lane_run() -> None:
    world = with_deployed(1)
    world.run(Deploy(release(2, contract=2)))
    before = world.state
    world.lanes[Lane.BLUE].running = True
    with pytest.raises(StepError, match=r"account, database of blue runs, .* not touched") as ended:
        world.run(contract(world))
    assert ended.value.went_back
    assert (world.state, world.heads) == (before, before.database)
    world.lanes[Lane.BLUE].running = False
    world.run(contract(world))
    assert world.heads == release(2, contract=2).heads


def test_a_contract_that_is_gone_on_with_looks_for_the_old_lane_once_more() -> None:
    world = with_deployed(1)
    world.run(Deploy(release(2, contract=2)))
    steps = plan(world.state, contract(world))
    world.do(steps[:2])
    world.lanes[Lane.BLUE].running = True
    with pytest.raises(StepError, match="contract failed: account, database of blue runs"):
        world.run(contract(world))
    assert world.broken_promises == []


def test_a_contract_that_fails_halfway_is_known_to_have_moved_the_schema() -> None:
    world = with_deployed(1)
    world.run(Deploy(release(2, contract=3)))
    world.faults["contract"] = [PortError("c0003 failed")]
    assert world.heads is not None
    world.heads = world.heads.model_copy(update={"contract": "c0002"})
    del world.lanes[Lane.BLUE]  # it would not fit
    with pytest.raises(StepError, match="c0003 failed"):
        world.run(contract(world))
    with pytest.raises(RefusedError, match="c0002 has removed"):
        world.run(Rollback(ONE))


def test_a_schema_that_somebody_else_has_contracted_is_seen_before_anything_is_touched() -> None:
    world = with_deployed(1, 2)
    assert world.heads is not None
    world.heads = world.heads.model_copy(update={"contract": "c0009"})
    before = dict(world.lanes)
    world.lanes.clear()  # what would not fit
    with pytest.raises(StepError, match=r"preflight failed: .*c0009: what it needs was removed"):
        world.run(Rollback(ONE))
    assert before.keys() == {Lane.BLUE, Lane.GREEN}


def test_prune_removes_only_what_nobody_goes_back_to() -> None:
    world = with_deployed(1, 2, 3, 4, 5)
    versions = [release(n).version for n in range(1, 6)]
    world.run(Prune(versions, versions, keep=1))
    kept = {image for n in (4, 5) for image in release(n).images.values()}
    assert world.images == kept
    assert served_by(world) == release(5).version
    world.run(Rollback(release(4)))
    assert served_by(world) == release(4).version


@pytest.mark.parametrize("action", [Action.CLEAR, Action.TOPICS, Action.DRAIN_CALLS, Action.STOP])
def test_the_lane_that_serves_is_left_alone_whatever_a_plan_says(action: Action) -> None:
    world = with_deployed(1, 2)
    with pytest.raises(StepError, match="green has the traffic, so it is left as it is"):
        world.do([Step(action, 60, Lane.GREEN, TWO)])
    assert served_by(world) == TWO.version


def with_blue_standing_in() -> World:
    world = with_deployed(1, 2)
    world.standby = Lane.BLUE
    return world


@pytest.mark.parametrize(
    "action", [Action.CLEAR, Action.TOPICS, Action.DRAIN_HTTP, Action.DRAIN_CALLS, Action.STOP]
)
def test_a_lane_stands_in_for_no_other_once_it_is_touched(action: Action) -> None:
    world = with_blue_standing_in()
    world.lanes[Lane.BLUE].running = action is not Action.TOPICS
    world.do([Step(action, 60, Lane.BLUE, ONE)])
    assert world.broken_promises == []
    assert world.standby is None


def test_a_lane_that_stands_in_is_left_by_what_is_done_to_the_other() -> None:
    world = with_blue_standing_in()
    world.do([Step(Action.WATCH, 60, Lane.GREEN, TWO)])
    assert world.standby is Lane.BLUE


def test_two_deployers_do_not_work_at_once() -> None:
    world = World()
    with world.lock().held("deploy"):
        other = world.lock(host="ci")
        with (
            pytest.raises(LockedError, match=r"anna \(process 1 on laptop, deploy, since"),
            other.held("deploy"),
        ):
            pass


def test_what_is_planned_is_what_is_done() -> None:
    world = with_deployed(1)
    steps = world.run(Deploy(TWO))
    done = [record.step for record in world.told if record.event is Event.STARTED]
    assert done[-len(steps) - 1 :] == [*(step.name for step in steps), "notify"]
    assert steps[-1].action is Action.END
