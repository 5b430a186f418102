"""A release whose like serves is delivered once more where something else of it has changed."""

from pathlib import Path

import pytest

from bluegreen.cli import main
from bluegreen.cli.exits import Exit
from bluegreen.cli.testing import Played
from bluegreen.lane import Lane
from bluegreen.plan import Deploy
from bluegreen.testing import CrashError, bundle, release, served_by, with_deployed

DEPLOY = ["deploy", "--release", "release-2"]


@pytest.fixture(autouse=True)
def given(folder: Path) -> None:
    """A release in the checkout."""
    bundle(2).write(folder / "release-2")


@pytest.fixture
def played() -> Played:
    return Played(with_deployed(1, 2))


def test_what_serves_as_wanted_is_left(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(DEPLOY, played.given) == Exit.DONE
    assert "nothing to do" in capsys.readouterr().out
    assert played.world.state.live is Lane.GREEN


def test_a_deploy_says_what_changed_and_brings_the_release_to_the_other_lane(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.world.changed = ["a changed since green started"]
    assert main(DEPLOY, played.given) == Exit.DONE
    assert "a changed since green started" in capsys.readouterr().out
    state = played.world.state
    assert (state.live, state.serving) == (Lane.BLUE, release(2))
    assert state.previous == release(1).version


def test_a_dry_run_says_it_too_and_does_nothing(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.world.lanes[Lane.GREEN].healthy = False
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


def test_what_changed_is_not_forgotten_over_what_is_undone_first(played: Played) -> None:
    world = played.world
    world.crash_at = world.points + 15
    with pytest.raises(CrashError):
        world.run(Deploy(release(3)))
    world.crash_at = None
    world.changed = ["a changed since green started"]
    assert main(DEPLOY, played.given) == Exit.DONE
    assert served_by(world) == release(2).version
    assert world.state.live is Lane.BLUE


def test_servers_take_over_secrets_that_changed_before_the_schema_is_asked(played: Played) -> None:
    world = played.world
    world.newer = ["postgres_password"]
    world.run(Deploy(release(3)))
    assert world.taken == [release(2).version]


def test_servers_take_over_nothing_where_no_secret_changed(played: Played) -> None:
    played.world.run(Deploy(release(3)))
    assert played.world.taken == []
