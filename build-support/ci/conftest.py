"""What tests of the checks start from."""

from pathlib import Path

import pytest

from ci.testing.checks import SERVICE, Checks
from ci.testing.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository that real git made, with one commit on develop."""
    # Nobody's own settings, nor the place that GitHub shows summaries of.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    made = Repository(tmp_path)
    made.commit({"README.md": "Read me.\n"}, "Begin")
    made.push("develop")
    return made


@pytest.fixture
def service(repository: Repository) -> Repository:
    """A service that sends mail, another module, and a branch beside develop."""
    repository.commit({**SERVICE}, "Serve mail")
    repository.push("develop")
    repository.branch("topic")
    return repository


@pytest.fixture
def check(service: Repository) -> Checks:
    """Runs merge-check there."""
    return Checks(service.folder)
