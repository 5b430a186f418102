"""A deploy that sets its server up, in one command as pipelines do."""

from pathlib import Path

import pytest

from bluegreen.cli import main
from bluegreen.cli.delivering_test import IMAGES, SECRET, interrupt
from bluegreen.cli.exits import Exit
from bluegreen.cli.testing import COMPOSE, SETTINGS, Played, checkout
from bluegreen.testing import World, bundle

SECRETS = "secrets may be on the server, and the same command puts the others there"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose settings give the secret that its Compose files name."""
    checkout(tmp_path)
    given = f'secrets = {{{SECRET} = {{environment = "PASSWORD"}}}}\n'
    (tmp_path / "deploy.toml").write_text(SETTINGS + given)
    for name, content in COMPOSE.items():
        file = tmp_path / "infra/compose" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT_URL", "json://chat.example.com")
    monkeypatch.setenv("PASSWORD", "hunter2")
    return tmp_path


@pytest.fixture
def played() -> Played:
    """A bare server."""
    played = Played(World())
    played.secrets.contents.clear()
    return played


def test_a_bare_server_is_set_up_and_delivered_to(played: Played) -> None:
    assert main(["deploy", "--set-up"], played.given) == Exit.DONE
    assert played.secrets.contents == {SECRET: "hunter2"}
    assert played.world.state.serving is not None


def test_a_dry_run_goes_as_far_as_the_deploy_and_puts_nothing_there(
    folder: Path, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle(2).write(folder / "release-2")
    for release in ([], ["--release", "release-2"]):
        command = ["deploy", "--set-up", "--dry-run", *release]
        assert main(command, played.given) == Exit.DONE
        said = capsys.readouterr().out
        assert f"would be put there: {SECRET}" in said
        assert "pull the images of" in said
    assert (played.secrets.contents, played.world.files) == ({}, {})


@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["deploy", "dry run"])
def test_a_secret_that_set_up_does_not_bring_is_refused(
    options: list[str], played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.files["lane.yml"] += "  other: {file: /secrets/other}\n"
    assert main(["deploy", "--set-up", *options], played.given) == Exit.REFUSED
    assert "the server has no secret other: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "said"), [("built", SECRETS), ("push", f"{SECRETS}; {IMAGES}")], ids=["build", "push"]
)
def test_who_interrupts_a_build_after_a_set_up_hears_of_both(
    fault: str,
    said: str,
    played: Played,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(played.images, fault, interrupt)
    assert main(["deploy", "--set-up"], played.given) == Exit.INTERRUPTED
    assert f"interrupted; {said}\n" in capsys.readouterr().err
    assert played.secrets.contents == {SECRET: "hunter2"}
