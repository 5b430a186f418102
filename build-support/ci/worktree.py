"""A checkout beside the user's own, which is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from ci.errors import GitError
from ci.git import Git


@contextmanager
def worktree(git: Git, commit: str) -> Iterator[Git]:
    """Check a commit out into a temporary folder; no branch points there.

    Raises:
        GitError: git cannot do so.
    """
    # What an earlier one that was killed left in the repository.
    git.run("worktree", "prune")
    with TemporaryDirectory(prefix="merge-check-", ignore_cleanup_errors=True) as folder:
        place = Path(folder).resolve() / "tree"
        git.run("worktree", "add", "--quiet", "--detach", str(place), commit)
        try:
            yield Git(place)
        finally:
            with suppress(GitError):
                git.run("worktree", "remove", "--force", str(place))
