"""Refuse changes of contracts that break their users: ``./pants run build-support/breaking.py``.

Compares the ``.proto`` files of the work tree with those of a git revision: where the branch left
``develop``, or the last commit where there is none; another one can be named (``-- v1.2``).
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
_EXAMPLES = """\
examples:
  ./pants run build-support/breaking.py               since the branch left develop
  ./pants run build-support/breaking.py -- v1.2       since another revision

exit codes: 0 none breaks, 2 wrong options or no such revision, 100 some break; buf says which
"""


class UnknownRevisionError(Exception):
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
    top = Path(git("rev-parse", "--show-toplevel").decode().strip())
    revision = given or base_revision()
    with tempfile.TemporaryDirectory(prefix="contracts-") as earlier:
        try:
            extract(revision, top, Path(earlier))
        except UnknownRevisionError as error:
            print(error, file=sys.stderr)
            return 2
        code = compare(top, Path(earlier))
    verdict = "no breaking change" if code == 0 else "breaking changes, see above"
    print(f"contracts compared with {revision}: {verdict}")
    return code


def base_revision() -> str:
    """Return the commit where HEAD left the main branch; HEAD where there is no main branch."""
    for branch in _MAIN_BRANCHES:
        try:
            return git("merge-base", "HEAD", branch).decode().strip()
        except subprocess.CalledProcessError:
            continue
    return "HEAD"


def extract(revision: str, top: Path, directory: Path) -> None:
    """Write the contracts of ``revision`` into ``directory``.

    Raises:
        UnknownRevisionError: git knows no such revision, or it has no contracts.
    """
    try:
        archive = git("-C", str(top), "archive", "--format=tar", revision, "--", *CONTRACTS)
    except subprocess.CalledProcessError as error:
        raise UnknownRevisionError(revision, error.stderr.decode().strip()) from error
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(directory, filter="data")


def compare(top: Path, earlier: Path) -> int:
    """Print what in ``top`` breaks users of ``earlier``; return buf's exit code."""
    buf = Path(sys.prefix) / "bin" / "buf"
    command = [str(buf), "breaking", str(top), "--against", str(earlier)]
    return subprocess.run(command, timeout=_TIMEOUT_SECONDS, check=False).returncode  # noqa: S603


def git(*arguments: str) -> bytes:
    """Return what git prints.

    Raises:
        subprocess.CalledProcessError: git failed; carries what it said.
    """
    command = ["git", *arguments]  # the user's own git, wherever it is
    return subprocess.run(  # noqa: S603
        command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
