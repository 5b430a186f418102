"""Refuse changes of contracts that break their users: ``./pants run build-support/breaking.py``.

Compares the ``.proto`` files of the work tree with those of a git revision: where the branch left
``develop``; another one can be named (``-- v1.2``), and has to be where there is no ``develop``.
What counts as breaking is said in ``buf.yaml``.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

CONTRACTS = ("buf.yaml", "src/protos")
_MAIN_BRANCHES = ("develop", "origin/develop")
_TIMEOUT_SECONDS = 120
_SOME_BREAK = 100
_EXAMPLES = """\
examples:
  ./pants run build-support/breaking.py               since the branch left develop
  ./pants run build-support/breaking.py -- v1.2       since another revision
  ./pants run build-support/breaking.py -- HEAD       what is not committed yet

exit codes: 0 none breaks, 2 nothing was compared: wrong options, no such revision, no develop, or
git or buf cannot be used, 100 some break; buf says which
"""


class UnusableError(Exception):
    """Nothing can be compared; says why, and what to do."""


class GitError(UnusableError):
    """Git refused; carries what it said."""

    def __init__(self, command: Sequence[str], reason: str) -> None:
        """Keep what git said."""
        self.reason = reason
        super().__init__(f"{' '.join(command)}: {reason}; run it in a checkout that git made")


class NoBaseError(UnusableError):
    """There is no main branch here, and no revision was named."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(
            f"nothing to compare with: there is neither {' nor '.join(_MAIN_BRANCHES)} here. Fetch "
            "it (git fetch origin develop:refs/remotes/origin/develop), or name a revision (-- "
            "main); -- HEAD compares what is not committed yet"
        )


class ShallowError(UnusableError):
    """Where the branch left the main one is not in this clone."""

    def __init__(self, branch: str) -> None:
        """Keep the main branch."""
        self.branch = branch
        super().__init__(
            f"this clone lacks the commit where HEAD left {branch}: git fetch --unshallow, or name "
            "a revision"
        )


class UnknownRevisionError(UnusableError):
    """Git knows no such revision here."""

    def __init__(self, revision: str, reason: str) -> None:
        """Keep the revision, and what git said."""
        self.revision = revision
        super().__init__(
            f"cannot read the contracts of {revision!r}: {reason}. In a shallow clone, fetch the "
            "history first: git fetch --unshallow"
        )


def main(arguments: Sequence[str]) -> int:
    """Compare with the revision that the arguments name, or the default; return buf's exit code."""
    parser = argparse.ArgumentParser(
        "./pants run build-support/breaking.py --",
        description="Refuse changes of contracts that break their users.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("revision", nargs="?", help="(where HEAD left develop)")
    given: str | None = parser.parse_args(arguments).revision
    try:
        top = Path(git("rev-parse", "--show-toplevel").decode().strip())
        revision = given or base_revision()
        with tempfile.TemporaryDirectory(prefix="contracts-") as earlier:
            extract(revision, top, Path(earlier))
            code = compare(top, Path(earlier))
    except UnusableError as error:
        print(error, file=sys.stderr)
        return 2
    verdict = "no breaking change" if code == 0 else "breaking changes, see above"
    print(f"contracts compared with {revision}: {verdict}")
    return code


def base_revision() -> str:
    """Return the commit where HEAD left the main branch.

    Raises:
        NoBaseError: there is no main branch.
        ShallowError: that commit is not here.
    """
    for branch in _MAIN_BRANCHES:
        try:
            git("rev-parse", "--verify", "--quiet", f"{branch}^{{commit}}")
        except GitError:
            continue
        try:
            return git("merge-base", "HEAD", branch).decode().strip()
        except GitError:
            raise ShallowError(branch) from None
    raise NoBaseError


def extract(revision: str, top: Path, directory: Path) -> None:
    """Write the contracts of ``revision`` into ``directory``.

    Raises:
        UnknownRevisionError: git knows no such revision, or it has no contracts.
    """
    try:
        archive = git("-C", str(top), "archive", "--format=tar", revision, "--", *CONTRACTS)
    except GitError as error:
        raise UnknownRevisionError(revision, error.reason) from error
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(directory, filter="data")


def compare(top: Path, earlier: Path) -> int:
    """Print what in ``top`` breaks users of ``earlier``; return buf's exit code.

    Raises:
        UnusableError: buf takes too long, or compares nothing.
    """
    buf = Path(sys.prefix) / "bin" / "buf"
    command = [str(buf), "breaking", str(top), "--against", str(earlier)]
    try:
        code = subprocess.run(command, timeout=_TIMEOUT_SECONDS, check=False).returncode  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _late(command) from None
    if code not in {0, _SOME_BREAK}:
        raise UnusableError(
            f"{' '.join(command)} ended with {code}, and compared nothing: mend what it says above"
        )
    return code


def git(*arguments: str) -> bytes:
    """Return what git prints.

    Raises:
        GitError: git refused.
        UnusableError: there is no git, or it takes too long.
    """
    command = ["git", *arguments]  # the user's own git, wherever it is
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise UnusableError("there is no git on the PATH: install it") from None
    except subprocess.TimeoutExpired:
        raise _late(command) from None
    if done.returncode:
        raise GitError(command, done.stderr.decode(errors="replace").strip())
    return done.stdout


def _late(command: Sequence[str]) -> UnusableError:
    return UnusableError(
        f"{' '.join(command)} did not end within {_TIMEOUT_SECONDS:g} s; run it again"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
