"""Why a service cannot be made or removed; every message says what to do next.

ScaffoldError
+-- ChangedError       files differ from what would be written, or removed
+-- CheckoutError      there is no checkout to work on, or git does not answer
+-- ExistsError        the service is there, or something in its place
+-- FormatError        ruff does not take what a template gives
+-- FormatterError     ruff itself cannot be used
+-- LaterRevisionError a migration follows the one that would go
+-- NameRefusedError   the name breaks a rule
+-- NoSuchServiceError there is no such service
+-- PlaceError         a file has no place for a line, or lacks a line
+-- ProtectedError     the system does not work without this service
+-- UsedError          others use the service
"""

from collections.abc import Sequence
from pathlib import Path


class ScaffoldError(Exception):
    """It cannot be done as asked; nothing was written."""


class ChangedError(ScaffoldError):
    """Files differ from what would be written, or removed.

    Attributes:
        paths: The files.
    """

    def __init__(self, what: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(f"{what}:{_listed(paths)}")


class CheckoutError(ScaffoldError):
    """There is no checkout to work on, or git does not answer.

    Attributes:
        place: Where it was looked for.
    """

    def __init__(self, place: Path, reason: str) -> None:
        self.place = place
        super().__init__(f"{place} is no checkout of Tandem to work on: {reason}; go to its top")


class ExistsError(ScaffoldError):
    """The service is there, or something in its place.

    Attributes:
        paths: What is there.
    """

    def __init__(self, name: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"{name} is there already; remove it first (./pants run :remove-service -- {name}), or "
            f"take another name:{_listed(paths)}"
        )


class FormatError(ScaffoldError):
    """ruff does not take what a template gives.

    Attributes:
        path: The file that would be written.
    """

    def __init__(self, path: str, said: str) -> None:
        self.path = path
        super().__init__(f"ruff refuses {path}, which is a bug of its template: {said}")


class FormatterError(ScaffoldError):
    """ruff itself cannot be used."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"ruff, which gives {path} its form, cannot be used: {reason}; nothing was written, "
            "run the same command again"
        )


class LaterRevisionError(ScaffoldError):
    """A migration follows the one that would go.

    Attributes:
        paths: Those that follow.
    """

    def __init__(self, path: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"{path} cannot go: others follow it, and databases may have run it. Drop its table "
            "by a contract migration (docs/migrations.md), and remove the rest by hand:"
            f"{_listed(paths)}"
        )


class NameRefusedError(ScaffoldError):
    """The name breaks a rule.

    Attributes:
        name: The name.
        rule: The rule that it breaks.
        suggestion: A name that breaks none.
    """

    def __init__(self, name: str, rule: str, suggestion: str) -> None:
        self.name = name
        self.rule = rule
        self.suggestion = suggestion
        super().__init__(f"{name!r} cannot name a service: {rule}. Try {suggestion!r}")


class NoSuchServiceError(ScaffoldError):
    """There is no such service.

    Attributes:
        name: What was asked for.
        known: Those that there are.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(f"there is no service {name!r}; there are {', '.join(known)}")


class PlaceError(ScaffoldError):
    """A file has no place for a line, or lacks a line.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(
            f"{path}: {reason}; src/python/scaffold/registrations.py says what is looked for"
        )


class ProtectedError(ScaffoldError):
    """The system does not work without this service."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is part of what all else stands on, and is not removed")


class UsedError(ScaffoldError):
    """Others use the service.

    Attributes:
        paths: The files that name it.
    """

    def __init__(self, name: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        super().__init__(
            f"{name} is used; take these uses away first, or add --force and mend them "
            f"after:{_listed(paths)}"
        )


def _listed(paths: Sequence[str]) -> str:
    return "".join(f"\n  {path}" for path in paths)
