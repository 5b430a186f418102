"""The hooks that the page shows, run as the deployer runs them."""

import os
from pathlib import Path

import pytest

from bluegreen.errors import PortError
from bluegreen.hooks import Run, runner
from bluegreen.settings import Settings
from bluegreen.step import Action
from tests.docs.commands import block
from tests.support.docker import run as run_program

LEAST = """
[project]
name = "tandem"
registry = "registry.example.com"
services = ["account"]

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com"
key = {environment = "TANDEM_TEST_SECRET"}
"""
TOLD = {
    "BLUEGREEN_DESTINATION": "staging",
    "BLUEGREEN_OPERATION": "deploy",
    "BLUEGREEN_VERSION": "20261129-101500-0123456789ab",
    "BLUEGREEN_LANE": "green",
    "BLUEGREEN_STEP": "switch",
    "BLUEGREEN_OWNER": "anna",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a file in a commit."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    run_program([*git, "init", "--quiet"])
    (tmp_path / "schema").write_text("one")
    run_program([*git, "add", "schema"])
    run_program([*git, "commit", "--quiet", "--message=Begin"])
    return tmp_path


@pytest.fixture
def settings() -> Settings:
    return Settings.parse(LEAST + block("docs/bluegreen.md", "toml", "after.switch"))


def running(settings: Settings, checkout: Path, said: list[str]) -> Run:
    environment = {**os.environ, "TANDEM_TEST_SECRET": "s3cr3t"}
    return runner(settings, checkout, environment, said.append)


def test_a_step_is_kept_back_by_what_comes_before_it(settings: Settings, checkout: Path) -> None:
    run, hook = running(settings, checkout, []), settings.hooks.before[Action.EXPAND]
    run(hook, TOLD)
    (checkout / "schema").write_text("two")
    with pytest.raises(PortError, match="git diff --quiet HEAD ended with 1"):
        run(hook, TOLD)


def test_hooks_know_what_they_go_with(settings: Settings, checkout: Path) -> None:
    said: list[str] = []
    run = running(settings, checkout, said)
    run(settings.hooks.after[Action.SWITCH], TOLD)
    assert said == ["green of staging has the traffic"]
    assert settings.hooks.succeeded is not None
    assert settings.hooks.failed is not None
    run(settings.hooks.succeeded, TOLD)
    run(settings.hooks.failed, TOLD)
    assert (checkout / "deliveries").read_text().splitlines() == [
        "anna: deploy of 20261129-101500-0123456789ab",
        "deploy failed at switch",
    ]


def test_no_hook_is_told_a_secret(settings: Settings, checkout: Path) -> None:
    said: list[str] = []
    hook = settings.hooks.before[Action.EXPAND].model_copy(update={"command": ("env",)})
    running(settings, checkout, said)(hook, TOLD)
    assert "BLUEGREEN_LANE=green" in said
    assert not any("s3cr3t" in line for line in said)


def test_a_hook_that_takes_too_long_is_ended(settings: Settings, checkout: Path) -> None:
    slow = {"command": ("sh", "-c", "sleep 60"), "timeout": 0.5}
    hook = settings.hooks.before[Action.EXPAND].model_copy(update=slow)
    with pytest.raises(PortError, match=r"took longer than 0\.5 s, and was ended"):
        running(settings, checkout, [])(hook, TOLD)
