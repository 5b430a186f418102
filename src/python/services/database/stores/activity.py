"""What happened on accounts: read page by page, or watched as it happens."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import grpc.aio
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import activity_pb2, activity_pb2_grpc

from services.database import models, page_tokens
from services.database.arrivals import Arrivals
from services.database.fields import Fields
from services.database.stores.entries import message_of
from services.database.stores.watches import Watches
from services.database.transactions import Transactions

DEFAULT_PAGE_SIZE = 20
MOST_PAGE_SIZE = 100

type _Context[Q, R] = grpc.aio.ServicerContext[Q, R]


class ActivityLog(activity_pb2_grpc.ActivityLogServicer):
    """The store behind `tandem.database.v1.ActivityLog`."""

    def __init__(self, transactions: Transactions, arrivals: Arrivals) -> None:
        self._transactions = transactions
        self._watches = Watches(transactions, arrivals)

    async def ListActivity(  # noqa: N802
        self,
        request: activity_pb2.ListActivityRequest,
        context: _Context[activity_pb2.ListActivityRequest, activity_pb2.ListActivityResponse],
    ) -> activity_pb2.ListActivityResponse:
        """One page of an account's entries, newest first."""
        return await self._transactions.answer(_list, request, context)

    async def WatchActivity(  # noqa: N802
        self,
        request: activity_pb2.WatchActivityRequest,
        context: _Context[activity_pb2.WatchActivityRequest, activity_pb2.WatchActivityResponse],
    ) -> AsyncIterator[activity_pb2.WatchActivityResponse]:
        """An account's entries as they are written, the oldest first."""
        async with aclosing(self._watches.follow(request, context)) as responses:
            async for response in responses:
                yield response


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
        activities=map(message_of, found[:size]), next_page_token=token
    )


def _place(fields: Fields, account_id: UUID, token: str) -> page_tokens.Place | None:
    if not token:
        return None
    try:
        return page_tokens.decode(account_id, token)
    except page_tokens.PageTokenError:
        fields.refuse("page_token", "must be a next_page_token of the same account")
        return None
