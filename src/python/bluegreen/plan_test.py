"""The tables of what follows from what."""

from datetime import UTC, datetime, timedelta

import pytest

from bluegreen.effects import Moment, all_done, begun, done, failed
from bluegreen.errors import PortError, RefusedError
from bluegreen.lane import Lane
from bluegreen.plan import Contract, Deploy, Prune, Rollback, Wanted, plan, turn_back
from bluegreen.release import Heads, Release
from bluegreen.state import State, Status, Tenant
from bluegreen.step import RULES, Action, Kind, Step, default_timeouts
from bluegreen.testing import release

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO, THREE = release(1), release(2), release(3)

EMPTY = State()
ONE_LIVE = State(
    live=Lane.BLUE,
    lanes={Lane.BLUE: Tenant(release=ONE, status=Status.SERVING)},
    database=ONE.heads,
    switched_at=NOW,
)
TWO_LIVE = State(
    live=Lane.GREEN,
    lanes={
        Lane.BLUE: Tenant(release=ONE, status=Status.STOPPED),
        Lane.GREEN: Tenant(release=TWO, status=Status.SERVING),
    },
    previous=ONE.version,
    database=TWO.heads,
    switched_at=NOW,
)
DEPLOY_TWO = (
    "preflight, begin green, record, pull, servers, expand, clear green, topics green, "
    "start green, publish, prove green, switch green, watch green, drain-http blue, "
    "drain-streams blue, drain-calls blue, stop blue, end"
)
UNDO_SWITCH = (
    "turn-back, start blue, switch blue, drain-http green, drain-streams green, "
    "drain-calls green, clear green, end"
)


def names(steps: list[Step]) -> str:
    return ", ".join(step.name for step in steps)


def interrupted(state: State, wanted: Wanted, at: Action, *, ended: bool = False) -> State:
    """The state when a deployer was killed in a step, or, if that had ended, right after it."""
    for step in plan(state, wanted):
        state = begun(state, step)
        if step.action is at and not ended:
            return state
        state = done(state, step, Moment(NOW, "killed"))
        if step.action is at:
            return state
    raise AssertionError(f"no {at} in the plan")


@pytest.mark.parametrize(
    ("state", "wanted", "steps"),
    [
        (
            EMPTY,
            Deploy(ONE),
            (
                "preflight, begin blue, record, pull, servers, expand, clear blue, topics blue, "
                "start blue, publish, prove blue, switch blue, watch blue, end"
            ),
        ),
        (ONE_LIVE, Deploy(TWO), DEPLOY_TWO),
        (ONE_LIVE, Deploy(ONE), ""),
        (ONE_LIVE, Deploy(ONE, anew=True), DEPLOY_TWO),
        (
            TWO_LIVE,
            Rollback(ONE),
            (
                "preflight, begin blue, record, pull, servers, topics blue, "
                "start blue, prove blue, switch blue, "
                "drain-http green, drain-streams green, "
                "drain-calls green, stop green, end"
            ),
        ),
        (
            TWO_LIVE.model_copy(update={"database": THREE.heads}),
            Rollback(THREE),  # which is in no lane any more
            (
                "preflight, begin blue, record, pull, servers, clear blue, topics blue, "
                "start blue, publish, prove blue, switch blue, "
                "drain-http green, drain-streams green, "
                "drain-calls green, stop green, end"
            ),
        ),
        (TWO_LIVE, Rollback(TWO), ""),
        (TWO_LIVE, Contract(NOW + DAY, DAY), ""),
        (TWO_LIVE, Prune([ONE.version, TWO.version], [], 1), ""),
        (TWO_LIVE, Prune([f"2025010{n}-000000-abc" for n in range(5)], [], 2), "prune"),
    ],
)
def test_what_is_wanted_becomes_steps(state: State, wanted: Wanted, steps: str) -> None:
    assert names(plan(state, wanted)) == steps


def killed_at(action: Action) -> State:
    return interrupted(ONE_LIVE, Deploy(TWO), action)


@pytest.mark.parametrize(
    ("reached", "steps"),
    [
        (Action.BEGIN, DEPLOY_TWO.replace("begin green, ", "")),
        (Action.PULL, "preflight, pull, servers, expand" + DEPLOY_TWO.partition("expand")[2]),
        (Action.CLEAR, "preflight, clear green" + DEPLOY_TWO.partition("clear green")[2]),
        (Action.START, "preflight, start green" + DEPLOY_TWO.partition("start green")[2]),
        (
            Action.SWITCH,
            "preflight, start green, prove green, switch green"
            + DEPLOY_TWO.partition("switch green")[2],
        ),
        (
            Action.STOP,
            "preflight, start green, prove green, switch green, stop blue, end",
        ),
    ],
)
def test_a_deploy_is_gone_on_with_from_the_step_that_was_reached(
    reached: Action, steps: str
) -> None:
    state = (
        interrupted(ONE_LIVE, Deploy(TWO), reached, ended=True)
        if reached is Action.BEGIN
        else killed_at(reached)
    )
    assert names(plan(state, Deploy(TWO))) == steps


@pytest.mark.parametrize(
    ("reached", "steps"),
    [
        (Action.PULL, "turn-back, end"),
        (Action.TOPICS, "turn-back, end"),
        (Action.START, "turn-back, clear green, end"),
        (Action.PROVE, "turn-back, clear green, end"),
        (Action.SWITCH, UNDO_SWITCH),
        (Action.WATCH, UNDO_SWITCH),
        (Action.DRAIN_HTTP, ""),
        (Action.STOP, ""),
    ],
)
def test_a_failed_deploy_is_undone_until_the_old_lane_begins_to_drain(
    reached: Action, steps: str
) -> None:
    assert names(turn_back(killed_at(reached))) == steps


@pytest.mark.parametrize(
    ("reached", "steps"),
    [
        (Action.TOPICS, "turn-back, end"),
        (Action.START, "turn-back, stop blue, end"),
        (
            Action.SWITCH,
            (
                "turn-back, start green, switch green, drain-http blue, drain-streams blue, "
                "drain-calls blue, stop blue, end"
            ),
        ),
    ],
)
def test_a_failed_rollback_leaves_the_lane_stopped_as_it_was(reached: Action, steps: str) -> None:
    state = interrupted(TWO_LIVE, Rollback(ONE), reached)
    assert names(turn_back(state)) == steps
    after = all_done(state, turn_back(state))
    assert after.model_copy(update={"switched_at": NOW}) == TWO_LIVE


def test_undoing_ends_in_the_state_of_before() -> None:
    for reached in (Action.PULL, Action.START, Action.SWITCH, Action.WATCH):
        for ended in (False, True):
            state = interrupted(ONE_LIVE, Deploy(TWO), reached, ended=ended)
            after = all_done(state, turn_back(state))
            # The schema stays, and the time of the switch is that of the last one.
            assert after.model_copy(update={"switched_at": NOW, "database": ONE.heads}) == ONE_LIVE


@pytest.mark.parametrize("reached", [Action.PULL, Action.SWITCH])
def test_another_release_comes_after_the_unfinished_one_is_undone(reached: Action) -> None:
    steps = names(plan(killed_at(reached), Deploy(THREE)))
    assert steps.startswith("turn-back, ")
    assert steps.endswith(DEPLOY_TWO)


GO_ON = (
    "go-on green, drain-http blue, drain-streams blue, drain-calls blue, stop blue, end, "
    "preflight, begin blue, "
)


def test_what_goes_back_does_not_wait_for_the_old_lane_to_be_well() -> None:
    steps = turn_back(killed_at(Action.WATCH))
    assert [step.name for step in steps if step.optional] == ["start blue"]


def stuck() -> State:
    """The state where the old lane could not take the traffic back."""
    state = killed_at(Action.WATCH)
    for step in turn_back(state):
        state = begun(state, step)
        if step.action is Action.SWITCH:
            return failed(state, step, PortError("blue does not answer"))
        state = done(state, step, Moment(NOW, "failed"))
    raise AssertionError("nothing was to be switched")


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        (Deploy(THREE), GO_ON),
        (Deploy(ONE), GO_ON),
        (Rollback(ONE), GO_ON),
        (Rollback(TWO), GO_ON.partition(", preflight")[0]),
        (Rollback(None), UNDO_SWITCH),
        (Deploy(TWO), f"{UNDO_SWITCH}, preflight, begin green, "),
    ],
)
def test_what_cannot_be_undone_is_left_where_the_traffic_is(wanted: Wanted, steps: str) -> None:
    assert names(plan(stuck(), wanted)).startswith(steps)


def test_going_on_is_not_undone_once_it_was_written_down() -> None:
    [step] = plan(stuck(), Rollback(TWO))[:1]
    state = done(begun(stuck(), step), step, Moment(NOW, "going on"))
    assert turn_back(state) == []
    assert names(plan(state, Deploy(THREE))).startswith(GO_ON.removeprefix("go-on green, "))


def test_a_new_lane_that_cannot_have_the_traffic_gives_it_to_the_old_one() -> None:
    [step] = plan(stuck(), Rollback(TWO))[:1]
    state = failed(begun(stuck(), step), step, PortError("green does not answer"))
    assert state.live is Lane.BLUE
    assert names(plan(state, Deploy(THREE))).startswith(UNDO_SWITCH)


def test_a_way_back_that_is_tried_again_may_have_been_found_when_it_was_killed() -> None:
    state = stuck()
    for step in turn_back(state)[:3]:
        state = begun(state, step)
    assert names(plan(state, Deploy(THREE))).startswith(UNDO_SWITCH)


def test_another_release_comes_after_the_old_lane_has_drained_to_its_end() -> None:
    steps = names(plan(killed_at(Action.DRAIN_CALLS), Deploy(THREE)))
    assert steps.startswith("drain-calls blue, stop blue, end, preflight, begin blue, ")


def test_undoing_that_was_interrupted_is_done_again_from_its_beginning() -> None:
    state = killed_at(Action.WATCH)
    for step in turn_back(state)[:4]:
        state = done(begun(state, step), step, Moment(NOW, "killed"))
    assert names(turn_back(state)) == UNDO_SWITCH
    assert names(plan(state, Rollback(ONE))) == UNDO_SWITCH
    assert names(plan(state, Deploy(TWO))).startswith(f"{UNDO_SWITCH}, preflight, begin green")


def contracted(state: State, to: str) -> State:
    return state.model_copy(update={"database": Heads(expand="e0002", contract=to)})


@pytest.mark.parametrize(
    ("state", "wanted", "why"),
    [
        (contracted(TWO_LIVE, "c0002"), Rollback(ONE), "c0002 has removed what it needs"),
        (contracted(TWO_LIVE, "c0002"), Deploy(THREE), "go forward by a new release"),
        (TWO_LIVE, Rollback(THREE), "was never deployed here"),
        (EMPTY, Rollback(ONE), "no release has the traffic"),
        (TWO_LIVE, Rollback(None), "nothing is unfinished, so name a version"),
        (EMPTY, Contract(NOW, DAY), "deploy one first"),
        (TWO_LIVE, Contract(NOW + DAY - timedelta(seconds=61), DAY), "possible for 2 minutes more"),
        (killed_at(Action.STOP), Contract(NOW + DAY, DAY), "a deploy is unfinished"),
        (killed_at(Action.STOP), Prune([], [], 1), "a deploy is unfinished"),
    ],
)
def test_what_is_not_safe_is_refused_with_what_to_do(
    state: State, wanted: Wanted, why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        plan(state, wanted)


def test_contract_waits_until_the_old_lane_is_stopped() -> None:
    drained = Tenant(release=ONE, status=Status.DRAINED)
    state = TWO_LIVE.model_copy(update={"lanes": {**TWO_LIVE.lanes, Lane.BLUE: drained}})
    with pytest.raises(RefusedError, match="is not stopped"):
        plan(state, Contract(NOW + DAY, DAY))


def test_contract_removes_a_lane_that_could_not_serve_any_more_and_no_other() -> None:
    def state(idle: Release) -> State:
        lanes = {
            Lane.BLUE: Tenant(release=idle, status=Status.STOPPED),
            Lane.GREEN: Tenant(release=release(2, contract=2), status=Status.SERVING),
        }
        return TWO_LIVE.model_copy(update={"lanes": lanes, "database": Heads(expand="e0002")})

    wanted = Contract(NOW + DAY, DAY)
    assert names(plan(state(ONE), wanted)) == "preflight, begin green, contract, clear blue, end"
    able = release(1, contract=2)
    assert names(plan(state(able), wanted)) == "preflight, begin green, contract, end"


def test_prune_keeps_what_is_in_a_lane_what_was_before_and_the_newest() -> None:
    old = [release(number).version for number in range(10, 16)]
    [step] = plan(TWO_LIVE, Prune([*old, ONE.version, TWO.version], old, 2))
    assert step.versions == tuple(old[:-2])


def test_prune_keeps_what_has_served_rather_than_newer_releases_that_failed() -> None:
    served, failed = ([release(n).version for n in numbers] for numbers in ((10, 11), (12, 13)))
    [step] = plan(TWO_LIVE, Prune([*served, *failed], served, 2))
    assert step.versions == tuple(failed)


def test_a_lane_says_how_far_its_release_has_come() -> None:
    seen = []
    for action in (Action.START, Action.PROVE, Action.SWITCH, Action.WATCH):
        state = killed_at(action)
        seen.append((state.lanes[Lane.GREEN].status, state.lanes[Lane.BLUE].status))
    assert seen == [
        (Status.STARTING, Status.SERVING),
        (Status.STARTED, Status.SERVING),
        (Status.PROVEN, Status.SERVING),
        (Status.SERVING, Status.SERVING),
    ]
    assert killed_at(Action.STOP).lanes[Lane.BLUE].status is Status.DRAINED


def test_every_action_has_a_rule_and_what_undoes_it_is_proven_or_harmless() -> None:
    assert RULES.keys() == set(Action) == default_timeouts().keys()
    for rule in RULES.values():
        assert rule.timeout > 0
        assert 1 <= rule.attempts <= 5
        assert all(RULES[action].proof or action is Action.SCHEMA for action in rule.back)


def test_a_deploy_begins_with_what_it_is_for() -> None:
    begin = plan(ONE_LIVE, Deploy(TWO))[1]
    assert (begin.action, begin.kind, begin.lane) == (Action.BEGIN, Kind.DEPLOY, Lane.GREEN)
    assert begin.does == f"remember that {TWO.version} goes to green"
