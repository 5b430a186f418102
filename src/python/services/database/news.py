"""Tells all processes of the service that something new is on an account, once it is committed."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.sql.functions import Function

CHANNEL = "tandem_activity"
"""Where PostgreSQL passes it on. It is the id of the account and nothing else."""


def telling(account_id: UUID) -> Function[None]:
    """An expression that tells of this account when its transaction commits."""
    return func.pg_notify(CHANNEL, str(account_id))
