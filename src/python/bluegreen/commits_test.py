from pathlib import Path

import pytest

from bluegreen.cli.testing import git
from bluegreen.commits import MOST, subjects


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, "Begin")
    return tmp_path


def commit(folder: Path, subject: str) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", f"--message={subject}\n\nAnd why.")
    return git(folder, "rev-parse", "HEAD")


def test_what_came_is_told_by_subjects_the_newest_first(checkout: Path) -> None:
    old = git(checkout, "rev-parse", "HEAD")
    commit(checkout, "Show the last sign-in")
    new = commit(checkout, "x" * 101)
    assert subjects(checkout, old, new) == ["x" * 99 + "…", "Show the last sign-in"]
    assert subjects(checkout, new, old) == []


def test_of_many_commits_the_newest_are_told(checkout: Path) -> None:
    old = git(checkout, "rev-parse", "HEAD")
    for number in range(MOST + 2):
        new = commit(checkout, f"Change {number}")
    told = subjects(checkout, old, new)
    assert told == [*(f"Change {number}" for number in range(MOST + 1, 1, -1)), "…"]


def test_where_a_commit_is_not_known_nothing_is_told(checkout: Path, tmp_path: Path) -> None:
    known = git(checkout, "rev-parse", "HEAD")
    assert subjects(checkout, "0" * 40, known) == []
    assert subjects(tmp_path / "nowhere", known, known) == []
