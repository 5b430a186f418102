"""Contracts that are no more, and who still imports them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ci.changes import Change
from ci.git import Git

ROOM = "src/protos/"
CONTRACTS = (ROOM, "buf.yaml")


@dataclass(frozen=True)
class Orphan:
    """A deleted contract that something still imports.

    Args:
        contract: The file that is no more.
        importers: The lines that import it, `path:line`.
    """

    contract: str
    importers: tuple[str, ...]


def orphans(git: Git, commit: str, changed: Iterable[Change]) -> list[Orphan]:
    """The deleted contracts that something in a commit still imports.

    Raises:
        GitError: git cannot search it.
    """
    found = []
    for change in changed:
        path = PurePosixPath(change.path)
        if change.deleted and path.suffix == ".proto" and change.path.startswith(ROOM):
            importers = _importers(git, commit, PurePosixPath(change.path.removeprefix(ROOM)))
            if importers:
                found.append(Orphan(change.path, importers))
    return found


def _importers(git: Git, commit: str, contract: PurePosixPath) -> tuple[str, ...]:
    package = r"\.".join(re.escape(part) for part in contract.parent.parts)
    module = re.escape(contract.stem) + "_pb2(_grpc)?([^A-Za-z0-9_]|$)"
    patterns = (
        rf"^[[:space:]]*import[[:space:]](.*[^A-Za-z0-9_.])?{package}\.{module}",
        rf"^[[:space:]]*from[[:space:]]+{package}\.{module}",
        rf"^[[:space:]]*from[[:space:]]+{package}[[:space:]]+import[[:space:]](.*[^A-Za-z0-9_])?{module}",
        rf'^[[:space:]]*import[[:space:]].*"{re.escape(str(contract))}"',
    )
    each = [part for pattern in patterns for part in ("-e", pattern)]
    lines = git.answer("grep", "-nE", *each, commit, "--", "*.py", "*.proto") or ""
    places = (line.removeprefix(f"{commit}:").split(":", 2) for line in lines.splitlines())
    return tuple(f"{path}:{number}" for path, number, _ in places)
