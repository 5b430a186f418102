"""Entries of the activity log: written by the stores, in the transaction of what they tell of."""

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import activity_pb2

from services.database.models import DETAIL_MOST, Activity, ActivityKind
from services.database.news import telling

_TURNS = 0x7461_6E64  # sets these locks apart from others on the same text
_MOMENT = timedelta(microseconds=1)
_KINDS = frozenset(activity_pb2.ActivityKind.keys())


async def record(session: AsyncSession, account_id: UUID, kind: ActivityKind, detail: str) -> None:
    """Write an entry, and tell of it once it is committed; a longer detail is cut.

    The entries of an account become visible in the order of their times, whatever the clock does:
    who has seen one has seen all that stand before it. So writers of one account take turns, from
    here to the end of their transactions.
    """
    turn = func.pg_advisory_xact_lock(func.hashtextextended(str(account_id), _TURNS))
    await session.execute(select(turn))
    last = select(func.max(Activity.occurred_at)).where(Activity.account_id == account_id)
    await session.execute(
        insert(Activity)
        .values(
            id=uuid_utils.compat.uuid7(),
            account_id=account_id,
            kind=kind,
            # Not the time at which the transaction began: another's turn may have been since.
            occurred_at=func.greatest(func.clock_timestamp(), last.scalar_subquery() + _MOMENT),
            detail=detail[:DETAIL_MOST],
        )
        .returning(telling(account_id))
    )


def message_of(activity: Activity) -> activity_pb2.Activity:
    """The entry as the contract says it."""
    return activity_pb2.Activity(
        id=str(activity.id),
        kind=_kind(activity.kind),
        occurred_at=activity.occurred_at,
        detail=activity.detail,
    )


def _kind(kind: str) -> str:
    name = f"ACTIVITY_KIND_{kind.upper()}"
    # A newer release that serves beside this one may write kinds that this one does not know.
    return name if name in _KINDS else "ACTIVITY_KIND_UNSPECIFIED"
