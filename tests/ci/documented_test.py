"""The commands that tell before a push what CI will, as the page has them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci.testing.repositories import Repository
from tests.ci.conftest import Changed
from tests.docs.commands import Command, documented, mentioned

# Pants looks at the merged repository anew, in a folder of its own.
pytestmark = pytest.mark.timeout(900)

_CHANGED = "build-support/editor.sh"  # linted alone: Pants needs long enough to see that
_SECONDS = 500.0
_PROGRESS = re.compile(r"\d\d:\d\d:\d\d (?P<step>[^0-9:;]*?)(?: of | at | in |[0-9:;]|$)")


@pytest.fixture
def branch(changed: Changed, tmp_path: Path) -> Iterator[Changed]:
    """A branch with a script changed, and the `develop` that it is to be merged into."""
    git = changed.git
    git.run("checkout", "--quiet", "--force", "--detach", changed.base)
    git.run("clone", "--quiet", "--bare", str(changed.checkout.root), str(tmp_path / "origin"))
    git.run("remote", "add", "origin", str(tmp_path / "origin"))
    git.run("fetch", "--quiet", "origin")
    file = changed.checkout.root / _CHANGED
    file.write_text(f"{file.read_text()}# More.\n")
    git.run("commit", "--quiet", "--all", "-m", "Change a script")
    yield changed
    git.run("remote", "remove", "origin")


def said(branch: Changed, command: Command) -> str:
    """What it says; it must succeed."""
    checkout = branch.checkout
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code == 0, done.said
    return done.said


def shape(text: str) -> list[str]:
    """What is said of progress, as far as it is the same for all branches."""
    found = map(_PROGRESS.match, text.splitlines())
    return [each["step"] for each in found if each]


def test_what_ci_does_is_told_before_a_push(branch: Changed) -> None:
    changed = said(branch, documented("docs/continuous-integration.md", "ci:changed"))
    assert _CHANGED in changed
    of_remote = mentioned("CONTRIBUTING.md", "ci:changed -- --base origin/develop")
    assert _CHANGED in said(branch, of_remote)
    untested = said(branch, documented("docs/continuous-integration.md", "--no-test"))
    assert "no conflict" in untested
    command = documented(
        "docs/continuous-integration.md", "./pants run build-support/ci:merge-check"
    )
    checked = said(branch, command)
    assert shape(checked) == shape(command.output)
    assert checked.splitlines()[-1].endswith("it merges into develop; all passed")


def test_suites_about_the_whole_system_are_run_now_if_asked_for(branch: Changed) -> None:
    """A script reaches none of them, which is soon over."""
    whole = said(branch, mentioned("docs/continuous-integration.md", "merge-check -- --whole"))
    assert "left for the night" not in whole
    assert whole.splitlines()[-1].endswith("it merges into develop; all passed")


def test_a_branch_takes_over_what_came_to_develop(tmp_path: Path) -> None:
    one = Repository(tmp_path)
    one.git.run("checkout", "--quiet", "-B", "develop")
    one.commit({"a": "1"})
    one.push("develop")
    one.branch("work")
    one.commit({"b": "1"})
    one.switch("develop")
    newest = one.commit({"c": "1"})
    one.push("develop")
    one.switch("work")
    merging = mentioned("docs/continuous-integration.md", "git merge origin/develop")
    done = merging.run(folder=one.folder)
    assert done.code == 0, done.said
    assert newest in one.git.run("rev-list", "HEAD")


def test_a_shallow_clone_gets_its_history(tmp_path: Path) -> None:
    one = Repository(tmp_path)
    one.git.run("checkout", "--quiet", "-B", "develop")
    first = one.commit({"a": "1"})
    one.commit({"a": "2"})
    one.push("develop")
    shallow = one.shallow(tmp_path / "shallow", "develop")
    deepening = mentioned("docs/continuous-integration.md", "git fetch --unshallow")
    done = deepening.run(folder=tmp_path / "shallow")
    assert done.code == 0, done.said
    assert first in shallow.run("rev-list", "HEAD")
