"""The commands that tell before a push what CI will, as the page has them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.conftest import Changed
from tests.docs.commands import Command, documented

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
    untested = said(branch, documented("docs/continuous-integration.md", "--no-test"))
    assert "no conflict" in untested
    command = documented(
        "docs/continuous-integration.md", "./pants run build-support/ci:merge-check"
    )
    checked = said(branch, command)
    assert shape(checked) == shape(command.output)
    assert checked.splitlines()[-1].endswith("it merges into develop; all passed")
