"""What happened on accounts: written by the other stores, read page by page."""

from uuid import UUID

import grpc.aio
import uuid_utils.compat
from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import activity_pb2, activity_pb2_grpc

from services.database import models, page_tokens
from services.database.fields import Fields
from services.database.models import DETAIL_MOST, ActivityKind
from services.database.transactions import Transactions

DEFAULT_PAGE_SIZE = 20
MOST_PAGE_SIZE = 100

_KINDS = frozenset(activity_pb2.ActivityKind.keys())
_UNKNOWN_KIND = "ACTIVITY_KIND_UNSPECIFIED"

type _Context = grpc.aio.ServicerContext[
    activity_pb2.ListActivityRequest, activity_pb2.ListActivityResponse
]


class ActivityLog(activity_pb2_grpc.ActivityLogServicer):
    """The store behind `tandem.database.v1.ActivityLog`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def ListActivity(  # noqa: N802
        self, request: activity_pb2.ListActivityRequest, context: _Context
    ) -> activity_pb2.ListActivityResponse:
        """One page of an account's entries, newest first."""
        return await self._transactions.answer(_list, request, context)


async def record(session: AsyncSession, account_id: UUID, kind: ActivityKind, detail: str) -> None:
    """Write an entry, in the transaction of its effect; a longer detail is cut."""
    await session.execute(
        insert(models.Activity).values(
            id=uuid_utils.compat.uuid7(),
            account_id=account_id,
            kind=kind,
            detail=detail[:DETAIL_MOST],
        )
    )


async def _list(
    request: activity_pb2.ListActivityRequest, session: AsyncSession
) -> activity_pb2.ListActivityResponse:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        size = fields.number("page_size", request.page_size, least=0, most=MOST_PAGE_SIZE)
        after = _place(fields, account_id, request.page_token)
    size = size or DEFAULT_PAGE_SIZE
    place = (models.Activity.occurred_at, models.Activity.id)
    # One more than asked for: its presence says that there is a next page.
    query = select(models.Activity).where(models.Activity.account_id == account_id)
    query = query.order_by(*(column.desc() for column in place)).limit(size + 1)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(after.occurred_at, after.id))
    found = list(await session.scalars(query))
    token = ""
    if len(found) > size:
        last = found[size - 1]
        token = page_tokens.encode(account_id, page_tokens.Place(last.occurred_at, last.id))
    return activity_pb2.ListActivityResponse(
        activities=map(_message, found[:size]), next_page_token=token
    )


def _place(fields: Fields, account_id: UUID, token: str) -> page_tokens.Place | None:
    if not token:
        return None
    try:
        return page_tokens.decode(account_id, token)
    except page_tokens.PageTokenError:
        fields.refuse("page_token", "must be a next_page_token of the same account")
        return None


def _message(activity: models.Activity) -> activity_pb2.Activity:
    return activity_pb2.Activity(
        id=str(activity.id),
        kind=_kind(activity.kind),
        occurred_at=activity.occurred_at,
        detail=activity.detail,
    )


def _kind(kind: str) -> str:
    name = f"ACTIVITY_KIND_{kind.upper()}"
    # A newer release that serves beside this one may write kinds that this one does not know.
    return name if name in _KINDS else _UNKNOWN_KIND
