"""What can be in the way of a check.

CheckError
├── GitError              git ended with an error, or took too long
├── ShallowError          the clone does not have where two histories met
├── UnknownRevisionError  the repository, or its remote, has no such revision
└── UnrelatedError        two histories have nothing in common
"""

from collections.abc import Sequence


class CheckError(Exception):
    """The check could not be made; says why, and what to do."""


class GitError(CheckError):
    """Git ended with an error, or took too long."""

    def __init__(self, command: Sequence[str], reason: str) -> None:
        """Keep the command, and what git said."""
        self.command = tuple(command)
        self.reason = reason
        super().__init__(f"{' '.join(command)}: {reason}")


class ShallowError(CheckError):
    """The clone does not have where two histories met."""

    def __init__(self, base: str, head: str) -> None:
        """Keep the two."""
        self.base = base
        self.head = head
        super().__init__(
            f"this clone is shallow, and lacks the commit where {head} and {base} met: "
            "git fetch --unshallow"
        )


class UnknownRevisionError(CheckError):
    """The repository, or its remote, has no such revision."""

    def __init__(self, revision: str, where: str, reason: str) -> None:
        """Keep the revision, where it was looked for, and what git said."""
        self.revision = revision
        self.where = where
        super().__init__(f"{where} has no {revision!r}: {reason}")


class UnrelatedError(CheckError):
    """Two histories have nothing in common."""

    def __init__(self, base: str, head: str) -> None:
        """Keep the two."""
        self.base = base
        self.head = head
        super().__init__(
            f"{head} and {base} have no common ancestor, so nothing can be merged. Begin the "
            f"branch anew from {base}: git switch -c NEW {base}, then git cherry-pick its commits"
        )
