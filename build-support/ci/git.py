"""Runs git in one folder."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ci.errors import GitError

_SECONDS = 120.0
_SETTINGS = (
    # No hook of the user's sees what is done here, and no identity of theirs is needed.
    *("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"),
    *("-c", "user.name=merge-check", "-c", "user.email=merge-check@localhost"),
    *("-c", "commit.gpgSign=false", "-c", "gc.auto=0"),
)

OF_A_REPOSITORY = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
"""What git tells a hook of the repository that it is of; here the folder says which one it is."""


class Git:
    """The git of one folder.

    Args:
        folder: Where it runs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, seconds: float = _SECONDS) -> str:
        """Return what git prints, without the last line's end.

        Raises:
            GitError: it ended with an error, or took longer than so many seconds.
        """
        return self._checked(arguments, seconds).stdout.removesuffix("\n")

    def answer(self, *arguments: str) -> str | None:
        """Return what git prints, or nothing where it ends with 1, which says no.

        Raises:
            GitError: it ended with another error, or took too long.
        """
        done = self._checked(arguments, _SECONDS, accepted=(0, 1))
        return None if done.returncode else done.stdout.removesuffix("\n")

    def either(self, *arguments: str) -> tuple[bool, str]:
        """Return whether git ended with 0 rather than 1, and what it printed.

        Raises:
            GitError: it ended with another error, or took too long.
        """
        done = self._checked(arguments, _SECONDS, accepted=(0, 1))
        return not done.returncode, done.stdout

    def with_index(self, index: Path) -> "Git":
        """The same, which keeps what is staged in a file of its own."""
        return _WithIndex(self.folder, {"GIT_INDEX_FILE": str(index)})

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OF_A_REPOSITORY}
        return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}

    def _checked(
        self, arguments: tuple[str, ...], seconds: float, accepted: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        shown = ("git", *arguments)
        try:
            done = subprocess.run(  # noqa: S603
                ["git", "-C", str(self.folder), *_SETTINGS, *arguments],  # noqa: S607 - the user's own
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitError(shown, f"no answer in {seconds:g} s") from None
        except OSError as error:
            raise GitError(shown, str(error)) from error
        if done.returncode not in accepted:
            raise GitError(shown, done.stderr.strip() or f"ended with {done.returncode}")
        return done


class _WithIndex(Git):
    def __init__(self, folder: Path, more: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._more = more

    def _environment(self) -> Mapping[str, str]:
        return {**super()._environment(), **self._more}


def top_of(folder: Path) -> Git:
    """The git of the checkout around a folder.

    Raises:
        GitError: it is in none.
    """
    return Git(Path(Git(folder).run("rev-parse", "--show-toplevel")))
