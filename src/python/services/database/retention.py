"""Deletes what has expired, a bounded number of rows at a time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import InstrumentedAttribute

from services.database import effects
from services.database.models import AttemptWindow, Effect, Session

BATCH = 1000
"""Most rows of a table that one clean-up deletes: it never holds others up for long."""

ROUNDS = 100
"""Most clean-ups in a row, when there is more to delete than a batch."""

PATIENCE = 10.0
"""Seconds that one clean-up may take, a connection of the pool and all waiting included."""

# Seconds between two clean-ups in a row, in which calls get the connection.
_BREATH = 0.05

_log = structlog.get_logger()


async def clean_up(
    engine: AsyncEngine, session_retention: timedelta, patience: float = PATIENCE
) -> Mapping[str, int]:
    """Delete attempt windows that are over, old effects, and sessions that expired that long ago.

    Each table has a transaction of its own: a row that is being deleted is held no longer than its
    table takes. Safe to run in many processes at once: each takes rows that no other is at.

    Returns:
        How many rows of each table were deleted, at most `BATCH`.

    Raises:
        TimeoutError: it took more than `patience` seconds; the tables before stay cleaned up.
        SQLAlchemyError: the database did not do it; the same.
    """
    deleted: dict[str, int] = {}
    async with asyncio.timeout(patience):
        for key, over in (
            (AttemptWindow.key, AttemptWindow.ends_at < func.now()),
            (Effect.key, Effect.happened_at < func.now() - effects.RETENTION),
            (Session.id, Session.expires_at < func.now() - session_retention),
        ):
            async with engine.begin() as connection:
                done = await connection.execute(delete(key.class_).where(key.in_(_some(key, over))))
            deleted[key.class_.__tablename__] = done.rowcount
    return deleted


async def catch_up(
    engine: AsyncEngine, session_retention: timedelta, rounds: int = ROUNDS
) -> Mapping[str, int]:
    """Clean up again at once while a table had a whole batch to delete, at most `rounds` times.

    Returns:
        How many rows of each table were deleted.

    Raises:
        TimeoutError: a clean-up took too long; what was deleted before stays deleted.
        SQLAlchemyError: the database did not do it; the same.
    """
    deleted: Counter[str] = Counter()
    for _ in range(rounds):
        last = await clean_up(engine, session_retention)
        deleted.update(last)
        if max(last.values()) < BATCH:
            break
        await asyncio.sleep(_BREATH)
    return deleted


def _some[T](key: InstrumentedAttribute[T], over: ColumnElement[bool]) -> Select[T]:
    return select(key).where(over).limit(BATCH).with_for_update(skip_locked=True)


@asynccontextmanager
async def cleaning_up(
    engine: AsyncEngine, interval: float, session_retention: timedelta
) -> AsyncIterator[None]:
    """Clean up every `interval` seconds, until the block ends."""
    task = asyncio.create_task(_clean_up_forever(engine, interval, session_retention))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _clean_up_forever(
    engine: AsyncEngine, interval: float, session_retention: timedelta
) -> None:
    while True:
        try:
            deleted = await catch_up(engine, session_retention)
        except (SQLAlchemyError, TimeoutError) as error:
            # Whatever is wrong with the database, calls and the health check say it louder.
            _log.warning("clean-up failed", error=type(error).__name__)
        else:
            _log.debug("cleaned up", **deleted)
        await asyncio.sleep(interval)
