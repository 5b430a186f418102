"""A release whose like serves is delivered once more where something else of it has changed."""

import json
from pathlib import Path

import pytest

from bluegreen.cli import main
from bluegreen.cli.exits import Exit
from bluegreen.cli.testing import COMPOSE, SETTINGS, Played
from bluegreen.lane import Lane
from bluegreen.plan import Deploy
from bluegreen.store import AUDIT
from bluegreen.testing import CrashError, World, bundle, release, served_by, with_deployed

SECRET = "postgres_password"
TASKS = '[tasks]\nsecrets = ["database-prepare"]\n'
GIVEN = f'\nsecrets = {{{SECRET} = {{environment = "PASSWORD"}}}}\n'
DEPLOY = ["deploy", "--release", "release-2"]


@pytest.fixture(autouse=True)
def given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with settings that give a secret, and with the release that serves."""
    bundle(2).write(folder / "release-2")
    settings = SETTINGS.replace("[watch]", f"{TASKS}\n[watch]")
    (folder / "deploy.toml").write_text(f"{settings.rstrip()}{GIVEN}")
    for name, content in COMPOSE.items():
        file = folder / "infra/compose" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    monkeypatch.setenv("PASSWORD", "hunter2")
    return folder


@pytest.fixture
def played() -> Played:
    return Played(with_deployed(1, 2))


def steps(world: World) -> list[str]:
    """All that is written down on the server."""
    return [json.loads(line)["step"] for line in world.files[AUDIT].splitlines()]


def test_what_serves_as_wanted_is_left(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(DEPLOY, played.given) == Exit.DONE
    assert "nothing to do" in capsys.readouterr().out
    assert played.world.state.live is Lane.GREEN


def test_a_deploy_says_what_changed_and_brings_the_release_to_the_other_lane(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.serving.lacking = ["a changed since green started"]
    assert main(DEPLOY, played.given) == Exit.DONE
    assert "a changed since green started" in capsys.readouterr().out
    state = played.world.state
    assert (state.live, state.serving) == (Lane.BLUE, release(2))
    assert state.previous == release(1).version


def test_a_dry_run_says_it_too_and_does_nothing(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.serving.lacking = ["green is not healthy: account"]
    before = dict(played.world.files)
    assert main([*DEPLOY, "--dry-run"], played.given) == Exit.DONE
    assert played.world.files == before
    said = capsys.readouterr().out
    assert "green is not healthy: account" in said
    assert "start" in said


def test_one_that_was_killed_on_the_way_is_gone_on_with(played: Played) -> None:
    world = played.world
    world.crash_at = world.points + 25
    with pytest.raises(CrashError):
        world.run(Deploy(release(2), anew=True))
    world.crash_at = None
    assert world.state.operation
    assert main(DEPLOY, played.given) == Exit.DONE
    assert served_by(world) == release(2).version
    assert world.state.live is Lane.BLUE


def test_a_set_up_has_servers_take_over_secrets_that_changed(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.serving.newer = [SECRET]
    assert main(["setup"], played.given) == Exit.DONE
    assert f"servers were told of: {SECRET}" in capsys.readouterr().out
    assert "servers told" in steps(played.world)


def test_servers_are_told_nothing_where_no_secret_changed_or_nothing_serves(
    played: Played,
) -> None:
    assert main(["setup"], played.given) == Exit.DONE
    assert "servers told" not in steps(played.world)
    bare = Played(World())
    bare.serving.newer = [SECRET]
    assert main(["setup"], bare.given) == Exit.DONE
    assert "servers told" not in steps(bare.world)


def test_a_dry_run_of_a_set_up_names_the_task_that_tells_servers(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "--dry-run"], played.given) == Exit.DONE
    assert "(the task database-prepare of the release that serves)" in capsys.readouterr().out
