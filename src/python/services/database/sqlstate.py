"""What PostgreSQL's errors say, without what they repeat of people's data."""

import psycopg
from sqlalchemy.exc import DBAPIError

LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK_DETECTED = "40P01"
SERIALIZATION_FAILURE = "40001"
QUERY_CANCELED = "57014"
NO_SUCH_TABLE = frozenset({"42P01", "42501"})
"""Also what a role is told that may not read the table: no migration has granted it yet."""


def code(error: DBAPIError) -> str | None:
    """The SQLSTATE; None when PostgreSQL did not answer at all."""
    return error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None


def constraint(error: DBAPIError) -> str | None:
    """The name of the constraint that was violated, if one was."""
    return error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None


def reason(error: DBAPIError) -> str:
    """One line for people: the primary message only, as the detail may hold a row's values."""
    if not isinstance(error.orig, psycopg.Error):
        return type(error).__name__
    primary = error.orig.diag.message_primary
    if primary is None:
        return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
    return f"{primary} (SQLSTATE {error.orig.sqlstate})"


def is_lock_conflict(error: DBAPIError) -> bool:
    """Whether the transaction lost against others' locks and may win later."""
    return code(error) in {LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED}


def may_succeed_again(error: DBAPIError) -> bool:
    """Whether the same transaction, run again at once, may succeed."""
    return error.connection_invalidated or code(error) in {DEADLOCK_DETECTED, SERIALIZATION_FAILURE}
