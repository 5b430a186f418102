"""Follows the entries of accounts: looks, from where it was, whenever something may be new."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import grpc
from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import activity_pb2

from services.database.arrivals import Arrivals, Bell
from services.database.errors import StoppingError
from services.database.fields import Fields
from services.database.models import Activity
from services.database.page_tokens import Place
from services.database.status import failure
from services.database.stores.entries import message_of
from services.database.transactions import Context, Transactions, told_of

BATCH = 100
"""Most entries of one look."""

LOOKS_AT_ONCE = 2
"""Connections of the pool that all watchers together take: when all look again, calls go on."""

type _Response = activity_pb2.WatchActivityResponse


@dataclass(frozen=True)
class _Cursor:
    """How far an account was followed; no place while it has no entries."""

    account_id: UUID
    place: Place | None


class Watches:
    """Answers watches until they end.

    Args:
        transactions: Each look is one.
        arrivals: Says when to look, and when to end.
    """

    def __init__(self, transactions: Transactions, arrivals: Arrivals) -> None:
        self._transactions = transactions
        self._arrivals = arrivals
        self._turns = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def follow(
        self, request: activity_pb2.WatchActivityRequest, context: Context
    ) -> AsyncGenerator[_Response]:
        """Where the watch begins, then each entry that follows; ends by the context's abort."""
        cursor = await self._transactions.answer(_begin, request, context)
        try:
            with self._arrivals.watching(cursor.account_id) as bell:
                yield activity_pb2.WatchActivityResponse(after_id=_id_of(cursor.place))
                async with aclosing(self._entries(cursor, bell, context)) as entries:
                    async for activity in entries:
                        yield activity_pb2.WatchActivityResponse(
                            activity=message_of(activity), after_id=str(activity.id)
                        )
        except Exception as error:  # noqa: BLE001  # the edge, as in `Transactions.answer`
            told = told_of(error)
        else:
            return
        await context.abort(told.code, told.message)

    async def _entries(
        self, cursor: _Cursor, bell: Bell, context: Context
    ) -> AsyncGenerator[Activity]:
        while True:
            await bell.heard()
            if self._arrivals.closed:
                raise StoppingError("the service stops; watch again")
            full = True
            while full:
                found = await self._look_from(cursor, context)
                for activity in found:
                    yield activity
                    cursor = _Cursor(cursor.account_id, _place_of(activity))
                full = len(found) == BATCH

    async def _look_from(self, cursor: _Cursor, context: Context) -> Sequence[Activity]:
        """What follows; nothing while PostgreSQL is away, for all look again when it is back."""
        try:
            async with self._turns:
                return await self._transactions.result(_look, cursor, context)
        except Exception as error:
            told = failure(error)
            if told is None or told.code is not grpc.StatusCode.UNAVAILABLE:
                raise
            return ()


async def _begin(request: activity_pb2.WatchActivityRequest, session: AsyncSession) -> _Cursor:
    with Fields() as fields:
        account_id = fields.id("account_id", request.account_id)
        after = fields.id("after_id", request.after_id) if request.after_id else None
    query = _of(account_id).order_by(Activity.occurred_at.desc(), Activity.id.desc()).limit(1)
    if after is not None:
        query = _of(account_id).where(Activity.id == after)
    found = await session.scalar(query)
    if found is None and after is not None:
        with Fields() as fields:
            fields.refuse("after_id", "must be the id of an entry of the same account")
    return _Cursor(account_id, None if found is None else _place_of(found))


async def _look(cursor: _Cursor, session: AsyncSession) -> Sequence[Activity]:
    place = (Activity.occurred_at, Activity.id)
    query = _of(cursor.account_id).order_by(*place).limit(BATCH)
    if cursor.place is not None:
        query = query.where(tuple_(*place) > tuple_(cursor.place.occurred_at, cursor.place.id))
    return (await session.scalars(query)).all()


def _of(account_id: UUID) -> Select[Activity]:
    return select(Activity).where(Activity.account_id == account_id)


def _place_of(activity: Activity) -> Place:
    return Place(activity.occurred_at, activity.id)


def _id_of(place: Place | None) -> str:
    return str(place.id) if place else ""
