"""What can go wrong in this room.

DatabaseError
+-- RequestError              a call cannot be answered as asked
|   +-- InvalidRequestError   fields of the request break a rule
|   +-- NotFoundError         what the request names is not there
|   +-- AlreadyExistsError    what the request would make is there, and differs
|   +-- PreconditionError     what the caller knows is no longer so
|   +-- ExhaustedError        this process has as much to do as it may
|   +-- StoppingError         this process ends; another one goes on
|   +-- OutcomeUnknownError   the connection broke while the effect was being committed
+-- SchemaError               the schema is not one that this release can work with
|   +-- SchemaBehindError     an expand or contract migration has yet to run
|   +-- SchemaBeyondError     a newer release has migrated already
+-- MigrationError            a migration did not run
|   +-- MigrationBusyError    locks, or another migrator, were in the way: try again later
|   +-- RevisionFailedError   a revision raised; its transaction was rolled back
+-- UnreachableError          PostgreSQL does not take the connection
+-- PrepareError              roles or the database could not be made
"""

from collections.abc import Sequence
from dataclasses import dataclass


class DatabaseError(Exception):
    """Anything that this room raises by itself."""


class RequestError(DatabaseError):
    """A call cannot be answered as asked."""


@dataclass(frozen=True)
class Violation:
    """A field of a request, and the rule that it breaks.

    Attributes:
        field: Its path in the request, such as `profile.display_name`.
        description: What it should be, for the reader of an error message.
    """

    field: str
    description: str


class InvalidRequestError(RequestError):
    """Fields of the request break rules.

    Attributes:
        violations: Every rule that was found broken.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{each.field} {each.description}" for each in violations))
        self.violations = tuple(violations)


class NotFoundError(RequestError):
    """What the request names is not there."""


class AlreadyExistsError(RequestError):
    """What the request would make is there already, with other content.

    Attributes:
        reason: What is taken, for machines: `EMAIL_TAKEN`, `ID_TAKEN`, `KEY_TAKEN`,
            `SECRET_TAKEN`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PreconditionError(RequestError):
    """What the caller knows is no longer so; repeating the same call cannot help."""


class ExhaustedError(RequestError):
    """This process has as much to do as it may; the same call may succeed later."""


class StoppingError(RequestError):
    """This process ends; the same call, made again, is another one's."""


class OutcomeUnknownError(RequestError):
    """The connection broke while the effect was being committed: it may have happened."""

    def __init__(self) -> None:
        super().__init__(
            "the database went away while the change was being committed; "
            "whether it happened is unknown, and repeating the call is safe"
        )


class SchemaError(DatabaseError):
    """The schema is not one that this release can work with."""


class SchemaBehindError(SchemaError):
    """A migration that this release needs has yet to run.

    Attributes:
        current: The revision that the database is at; None before the first.
        head: The revision that this release needs.
    """

    def __init__(self, current: str | None, head: str, advice: str) -> None:
        super().__init__(f"the schema is at {current or 'nothing'}, {head} is needed; {advice}")
        self.current = current
        self.head = head


class SchemaBeyondError(SchemaError):
    """A newer release has migrated the database.

    Attributes:
        current: The revision that the database is at.
        head: The newest revision that this release knows.
    """

    def __init__(self, current: str, head: str, advice: str) -> None:
        super().__init__(f"the schema is at {current}, newer than this release's {head}; {advice}")
        self.current = current
        self.head = head


class MigrationError(DatabaseError):
    """A migration did not run."""


class MigrationBusyError(MigrationError):
    """Locks, or another migrator, were in the way; the same command may work later."""


class RevisionFailedError(MigrationError):
    """A revision raised; its transaction was rolled back.

    What it did outside of one, such as half of an index made `CONCURRENTLY`, may be there.

    Attributes:
        revision: Its id.
    """

    def __init__(self, revision: str, reason: str) -> None:
        super().__init__(f"{revision} failed; its transaction was rolled back: {reason}")
        self.revision = revision


class UnreachableError(DatabaseError):
    """PostgreSQL does not take the connection."""


class PrepareError(DatabaseError):
    """Roles or the database could not be made."""
