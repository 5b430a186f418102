"""What is said that would be run."""

from dataclasses import replace

import pytest

from bluegreen.engine.lines import Lines
from bluegreen.memory import SERVICES
from bluegreen.plan import Deploy, Prune, Rollback, plan
from bluegreen.rehearsal import Rehearsal
from bluegreen.settings import Tasks
from bluegreen.state import State
from bluegreen.step import LEAVING, Action, Step
from bluegreen.testing import contract, release, with_deployed

TASKS = Tasks(
    heads="migrate status",
    check="migrate check --since {expand}",
    expand=("prepare", "migrate"),
    contract=("migrate contract",),
    prepare=("topics",),
    publish=("static",),
    prove=("scenario",),
)
WORLD = with_deployed(1, 2)
REHEARSAL = Rehearsal(
    lines=Lines("/srv/tandem", "tandem"),
    tasks=TASKS,
    services=SERVICES,
    state=WORLD.state,
    manifests={release(number).version: release(number) for number in (1, 2)},
)
STEPS = plan(WORLD.state, Deploy(release(3)))


def of(action: Action) -> list[str]:
    return REHEARSAL.commands(next(step for step in STEPS if step.action is action))


def tasks(action: Action) -> list[str]:
    return [each.partition(" --quiet-pull ")[2] for each in of(action) if "--quiet-pull" in each]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_step_of_a_deploy_is_done_in_silence(step: Step) -> None:
    assert REHEARSAL.commands(step)


def test_every_task_is_run_at_its_step() -> None:
    assert tasks(Action.PREFLIGHT) == ["migrate status"]
    # The release that serves knows the second revision: it is held to what comes after that.
    assert tasks(Action.EXPAND) == ["migrate check --since e0002", "prepare", "migrate"]
    assert tasks(Action.TOPICS) == ["topics"]
    assert tasks(Action.PUBLISH) == ["static"]
    assert tasks(Action.PROVE) == ["scenario"]


def test_commands_are_those_of_the_lane_without_traffic() -> None:
    assert WORLD.state.live == "green"
    assert of(Action.START)[-1].startswith(
        "flock -E 75 -w 180 /srv/tandem/.commands docker compose"
    )
    assert "--project-directory /srv/tandem/lanes/blue up" in of(Action.START)[-1]
    assert of(Action.SWITCH)[0] == "docker exec tandem-nginx-1 /opt/tandem/nginx/reload.sh blue"
    assert of(Action.DRAIN_CALLS)[1:] == [f"docker stop tandem-green-{each}-1" for each in SERVICES]
    assert "--project-name tandem-green stop" in of(Action.STOP)[-1]


@pytest.mark.parametrize("action", sorted(LEAVING))
def test_a_lane_stands_in_no_more_before_it_is_changed(action: Action) -> None:
    lane = "blue" if action in {Action.CLEAR, Action.TOPICS} else "green"
    stood_down = f"docker exec tandem-nginx-1 /opt/tandem/nginx/stand-down.sh {lane}"
    assert of(action)[0] == stood_down
    first = plan(State(), Deploy(release(1)))
    rehearsal = replace(REHEARSAL, state=State())
    assert not any("stand-down" in each for step in first for each in rehearsal.commands(step))


def test_a_lane_drains_once_no_connection_of_before_leads_to_it() -> None:
    waits = [
        "docker logs --timestamps --since (the switch) tandem-nginx-1",
        "docker top tandem-nginx-1 (until no worker of before is there)",
    ]
    assert of(Action.DRAIN_HTTP)[1:3] == waits
    assert of(Action.DRAIN_STREAMS)[-2:] == waits


def test_servers_are_told_of_a_release_only_by_the_first() -> None:
    assert not any("(write" in each for each in of(Action.SERVERS))
    first = plan(State(), Deploy(release(1)))
    [step] = [each for each in first if each.action is Action.SERVERS]
    assert any("(write" in each for each in replace(REHEARSAL, state=State()).commands(step))


def test_an_image_is_pulled_by_its_digest() -> None:
    assert of(Action.PULL) == [f"docker pull {image}" for image in release(3).images.values()]


def test_what_another_release_needs_is_not_removed() -> None:
    world = with_deployed(1, 2, 3)
    rehearsal = Rehearsal(
        lines=REHEARSAL.lines,
        tasks=TASKS,
        services=SERVICES,
        state=world.state,
        manifests={release(number).version: release(number) for number in (1, 2, 3)},
    )
    [step] = plan(world.state, Prune(list(rehearsal.manifests), rehearsal.manifests, keep=1))
    gone = [f"docker image rm {image}" for image in sorted(release(1).images.values())]
    assert rehearsal.commands(step) == [*gone, f"rm -rf /srv/tandem/releases/{release(1).version}"]


def test_the_schema_is_contracted_by_the_release_that_serves() -> None:
    world = with_deployed(1)
    world.run(Deploy(release(2, contract=2)))
    steps = plan(world.state, contract(world))
    [step] = [each for each in steps if each.action is Action.CONTRACT]
    [command] = REHEARSAL.commands(step)
    assert command.endswith("--quiet-pull migrate contract")


def test_tasks_that_a_release_of_before_has_not_are_left_out() -> None:
    steps = plan(WORLD.state, Rollback(release(1)))
    before = "services: {static: {}, scenario: {}}"
    rehearsal = replace(REHEARSAL, lane_files={release(1).version: before})
    said = {step.action: rehearsal.commands(step) for step in steps}
    assert not any("--quiet-pull" in each for each in said[Action.TOPICS])
    assert "static" in said[Action.PUBLISH][0]


def test_a_rollback_expands_nothing() -> None:
    steps = plan(WORLD.state, Rollback(release(1)))
    assert not any("migrate" in each for step in steps[1:] for each in REHEARSAL.commands(step))
