"""Counts of attempts in fixed windows."""

from datetime import timedelta

import grpc.aio
from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Interval, case, delete, func, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from tandem.database.v1 import attempts_pb2, attempts_pb2_grpc

from services.database.effects import once
from services.database.fields import Fields
from services.database.models import AttemptWindow
from services.database.transactions import Transactions

LONGEST_WINDOW = timedelta(days=7)
_MOST_LIMIT = 2**31 - 1
_SHORTEST_WAIT = timedelta(milliseconds=1)

type _Context[Q, R] = grpc.aio.ServicerContext[Q, R]


class Attempts(attempts_pb2_grpc.AttemptStoreServicer):
    """The store behind `tandem.database.v1.AttemptStore`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def CountAttempt(  # noqa: N802
        self,
        request: attempts_pb2.CountAttemptRequest,
        context: _Context[attempts_pb2.CountAttemptRequest, attempts_pb2.CountAttemptResponse],
    ) -> attempts_pb2.CountAttemptResponse:
        """Count one attempt, and say whether it is within the limit."""
        return await self._transactions.answer(_count, request, context)

    async def RefundAttempt(  # noqa: N802
        self,
        request: attempts_pb2.RefundAttemptRequest,
        context: _Context[attempts_pb2.RefundAttemptRequest, attempts_pb2.RefundAttemptResponse],
    ) -> attempts_pb2.RefundAttemptResponse:
        """Take back one attempt of a key; once for each idempotency-key."""
        work = once(_refund, attempts_pb2.RefundAttemptResponse, context.invocation_metadata())
        return await self._transactions.answer(work, request, context)

    async def ForgetAttempts(  # noqa: N802
        self,
        request: attempts_pb2.ForgetAttemptsRequest,
        context: _Context[attempts_pb2.ForgetAttemptsRequest, attempts_pb2.ForgetAttemptsResponse],
    ) -> attempts_pb2.ForgetAttemptsResponse:
        """Forget the attempts of a key."""
        return await self._transactions.answer(_forget, request, context)


async def _count(
    request: attempts_pb2.CountAttemptRequest, session: AsyncSession
) -> attempts_pb2.CountAttemptResponse:
    with Fields() as fields:
        key = fields.digest("key", request.key)
        limit = fields.number("limit", request.limit, least=1, most=_MOST_LIMIT)
        window = fields.duration("window", request.window, most=LONGEST_WINDOW)
    now = func.statement_timestamp()
    first = insert(AttemptWindow).values(key=key, attempts=1, ends_at=now + window)
    over = AttemptWindow.ends_at <= now
    # One statement: the row's lock lets concurrent attempts of a key count one after the other.
    counting = first.on_conflict_do_update(
        index_elements=[AttemptWindow.key],
        set_={
            "attempts": case((over, 1), else_=AttemptWindow.attempts + 1),
            "ends_at": case((over, first.excluded.ends_at), else_=AttemptWindow.ends_at),
        },
    ).returning(
        AttemptWindow.attempts,
        AttemptWindow.ends_at,
        type_coerce(AttemptWindow.ends_at - now, Interval),
    )
    attempts, ends_at, rest = (await session.execute(counting)).one()
    wait = Duration()
    if attempts > limit:
        wait.FromTimedelta(max(rest, _SHORTEST_WAIT))
    return attempts_pb2.CountAttemptResponse(
        allowed=attempts <= limit, retry_after=wait, window_ends_at=ends_at
    )


async def _refund(
    request: attempts_pb2.RefundAttemptRequest, session: AsyncSession
) -> attempts_pb2.RefundAttemptResponse:
    with Fields() as fields:
        key = fields.digest("key", request.key)
        ends_at = fields.time("window_ends_at", request.window_ends_at)
    its_window = (AttemptWindow.key == key, AttemptWindow.ends_at == ends_at)
    lowering = update(AttemptWindow).where(*its_window, AttemptWindow.attempts > 1)
    lowered = await session.scalar(
        lowering.values(attempts=AttemptWindow.attempts - 1).returning(AttemptWindow.key)
    )
    if lowered is None:
        # A window without an attempt is none.
        await session.execute(delete(AttemptWindow).where(*its_window, AttemptWindow.attempts == 1))
    return attempts_pb2.RefundAttemptResponse()


async def _forget(
    request: attempts_pb2.ForgetAttemptsRequest, session: AsyncSession
) -> attempts_pb2.ForgetAttemptsResponse:
    with Fields() as fields:
        key = fields.digest("key", request.key)
    await session.execute(delete(AttemptWindow).where(AttemptWindow.key == key))
    return attempts_pb2.ForgetAttemptsResponse()
