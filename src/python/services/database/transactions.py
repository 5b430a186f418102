"""Answers a call by one SQL transaction, whatever the database does meanwhile."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

import grpc
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from services.database import sqlstate
from services.database.errors import OutcomeUnknownError
from services.database.status import FAULT, Failure, failure

ATTEMPTS = 4
"""How often a transaction is tried that lost against others, or whose connection broke."""

_PAUSE = 0.02
_BOUND = text("SELECT set_config('statement_timeout', :milliseconds, true)")

_FAULTS_OF_CALLERS = {
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
}

_log = structlog.get_logger()

type Work[Q, R] = Callable[[Q, AsyncSession], Awaitable[R]]


class Context(Protocol):
    """The part of a servicer's context that an answer needs."""

    def time_remaining(self) -> float | None:
        """Seconds until the call's deadline; None when it has none."""

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: tuple[tuple[str, str | bytes], ...] = (),
    ) -> object:
        """End the call with this status, by raising."""


class Transactions:
    """Runs the work of a call in a transaction, and turns errors into statuses.

    Args:
        engine: Where the transactions run.
        statement_timeout: Seconds that one may take when the call has no nearer deadline.
        at_once: How many run at the same time; the others wait here, as long as their deadlines
            allow, and not for the pool, which refuses them sooner.
    """

    def __init__(self, engine: AsyncEngine, statement_timeout: float, at_once: int = 10) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._statement_timeout = statement_timeout
        self._turns = asyncio.Semaphore(at_once)

    async def answer[Q, R](self, work: Work[Q, R], request: Q, context: Context) -> R:
        """Answer the request by the work's result, once that is committed.

        The work may run more than once, each time in a new transaction, until one commits. It must
        do nothing outside of its session. An error that has no status is a bug: it goes to the log,
        and the caller gets INTERNAL without a word of it.

        Raises:
            Exception: whatever the context raises to end the call with another status than OK.
        """
        try:
            return await self.result(work, request, context)
        except Exception as error:  # noqa: BLE001  # the edge: whatever it is, the caller is not to see it
            told = told_of(error)
        await context.abort(told.code, told.message, told.trailing_metadata())
        raise AssertionError("abort returned")

    async def result[Q, R](self, work: Work[Q, R], request: Q, context: Context) -> R:
        """The work's result, once that is committed; see `answer`.

        Raises:
            Exception: why there is none.
        """
        remaining = context.time_remaining()
        limit = self._statement_timeout
        if remaining is not None:
            limit = min(limit, remaining)
        deadline = asyncio.get_running_loop().time() + limit
        async with asyncio.timeout_at(deadline):
            return await self._until_committed(work, request, deadline)

    async def _until_committed[Q, R](self, work: Work[Q, R], request: Q, deadline: float) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._once(work, request, deadline)
            except DBAPIError as error:
                if attempt == ATTEMPTS or not sqlstate.may_succeed_again(error):
                    raise
            # Those that met each other come back at different times.
            await asyncio.sleep(_PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
        raise AssertionError("the last attempt neither answered nor raised")

    async def _once[Q, R](self, work: Work[Q, R], request: Q, deadline: float) -> R:
        async with self._turns, self._sessions() as session:
            left = deadline - asyncio.get_running_loop().time()
            milliseconds = max(1, round(left * 1000))
            await session.execute(_BOUND, {"milliseconds": f"{milliseconds}ms"})
            response = await work(request, session)
            try:
                await session.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise OutcomeUnknownError from None
                raise
            return response


def told_of(error: Exception) -> Failure:
    """What the caller is told of the error at hand, which is logged unless the fault is theirs."""
    told = failure(error)
    if told is None:
        _log.exception("call failed")
        return FAULT
    if told.code not in _FAULTS_OF_CALLERS:
        reason = sqlstate.reason(error) if isinstance(error, DBAPIError) else told.message
        _log.warning("database error", code=told.code.name, reason=reason)
    return told
