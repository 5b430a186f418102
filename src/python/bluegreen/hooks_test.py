"""What runs on this machine beside the steps."""

import pytest

from bluegreen.errors import PortError, StepError
from bluegreen.plan import Deploy, Rollback
from bluegreen.settings import Hook, Hooks
from bluegreen.step import Action
from bluegreen.store import Event
from bluegreen.testing import CrashError, World, release, served_by, with_deployed

ONE, TWO = release(1), release(2)


def hook(name: str) -> Hook:
    return Hook(command=(name,))


def hooked() -> World:
    """A server with a release, to which others come with hooks."""
    world = with_deployed(1)
    world.hooks = Hooks(
        before={Action.EXPAND: hook("check"), Action.DRAIN_HTTP: hook("warn")},
        after={Action.SWITCH: hook("look")},
        succeeded=hook("cheer"),
        failed=hook("cry"),
    )
    return world


def ran(world: World) -> list[str]:
    return [name for name, _ in world.ran]


def test_hooks_run_beside_their_steps_and_at_the_end() -> None:
    world = hooked()
    world.run(Deploy(TWO))
    assert ran(world) == ["check", "look", "warn", "cheer"]
    told = [(each.step, each.event) for each in world.told if each.event is not Event.SKIPPED]
    for step, name in (("expand", "before.expand"), ("drain-http blue", "before.drain-http")):
        at = told.index((name, Event.SUCCEEDED))
        assert told[at - 1 : at + 2] == [
            (name, Event.STARTED),
            (name, Event.SUCCEEDED),
            (step, Event.STARTED),
        ]
    after = told.index(("after.switch", Event.STARTED))
    assert told[after - 1] == ("switch green", Event.SUCCEEDED)


def test_a_hook_is_told_what_it_goes_with() -> None:
    world = hooked()
    world.run(Deploy(TWO))
    owner = {"BLUEGREEN_OWNER": "anna", "BLUEGREEN_VERSION": TWO.version}
    assert [told for _, told in world.ran] == [
        {**owner, "BLUEGREEN_LANE": "", "BLUEGREEN_STEP": "expand"},
        {**owner, "BLUEGREEN_LANE": "green", "BLUEGREEN_STEP": "switch"},
        {**owner, "BLUEGREEN_LANE": "blue", "BLUEGREEN_STEP": "drain-http"},
        {**owner, "BLUEGREEN_LANE": "green", "BLUEGREEN_STEP": ""},
    ]


@pytest.mark.parametrize(("name", "step"), [("check", "expand"), ("look", "switch green")])
def test_a_hook_that_fails_fails_its_step_and_what_was_begun_is_undone(
    name: str, step: str
) -> None:
    world = hooked()
    world.faults[name] = [PortError(f"./{name} ended with 3")]
    with pytest.raises(StepError, match=rf"{step} failed: the hook .* ended with 3; everything is"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version
    # Nothing may be in the way of going back, so what undoes runs none.
    assert ran(world)[-2:] == [name, "cry"]
    assert world.ran[-1][1]["BLUEGREEN_STEP"] == step


def test_who_presses_ctrl_c_within_a_hook_goes_back() -> None:
    world = hooked()
    world.faults["look"] = [KeyboardInterrupt()]
    with pytest.raises(StepError, match="it was interrupted; everything is as before"):
        world.run(Deploy(TWO))
    assert served_by(world) == ONE.version


def test_a_hook_at_the_end_changes_nothing_of_it() -> None:
    world = hooked()
    world.faults["cheer"] = [PortError("./cheer ended with 1")]
    world.run(Deploy(TWO))
    assert served_by(world) == TWO.version
    failed = [each for each in world.told if each.event is Event.FAILED]
    assert [(each.step, each.detail) for each in failed] == [("succeeded", "./cheer ended with 1")]


def test_a_hook_at_the_end_runs_also_where_the_server_takes_no_line_of_it() -> None:
    world = hooked()
    world.faults["append"] = [PortError("the connection broke") for _ in range(99)]
    with pytest.raises(StepError, match="preflight failed: the connection broke"):
        world.run(Deploy(TWO))
    assert ran(world) == ["cry"]


def test_a_hook_runs_where_the_server_is_away_as_it_begins() -> None:
    world = hooked()
    world.hooks = Hooks(before={Action.PREFLIGHT: hook("check")}, succeeded=hook("cheer"))
    world.faults["append"] = [PortError("the connection broke")]
    world.run(Deploy(TWO))
    assert ran(world) == ["check", "cheer"]


def test_where_nothing_is_to_be_done_no_hook_runs() -> None:
    world = hooked()
    world.run(Deploy(ONE))
    assert world.ran == []


def test_a_deploy_with_hooks_that_is_killed_at_any_point_is_finished() -> None:
    whole = hooked()
    before = whole.points
    whole.run(Deploy(TWO))
    for point in range(1, whole.points - before + 1):
        for wanted in (Deploy(TWO), Rollback(ONE)):
            world = hooked()
            world.crash_at = world.points + point
            with pytest.raises(CrashError):
                world.run(Deploy(TWO))
            world.crash_at = None
            world.run(wanted)
            assert served_by(world) == (TWO if wanted == Deploy(TWO) else ONE).version, point
