"""The gRPC stores: what other services may ask of the database, each call one transaction."""

from services.database.stores.accounts import Accounts
from services.database.stores.activity import ActivityLog
from services.database.stores.attempts import Attempts
from services.database.stores.sessions import Sessions

__all__ = [
    "Accounts",
    "ActivityLog",
    "Attempts",
    "Sessions",
]
