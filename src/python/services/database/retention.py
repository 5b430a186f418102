"""Deletes what has expired, a bounded number of rows at a time."""

import asyncio
from collections.abc import AsyncIterator
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

PATIENCE = 10.0
"""Seconds that one clean-up may take, a connection of the pool and all waiting included."""

_log = structlog.get_logger()


async def clean_up(
    engine: AsyncEngine, session_retention: timedelta, patience: float = PATIENCE
) -> int:
    """Delete attempt windows that are over, old effects, and sessions that expired that long ago.

    Safe to run in many processes at once: each takes rows that no other is at.

    Returns:
        How many rows were deleted.

    Raises:
        TimeoutError: it took more than `patience` seconds; nothing was deleted.
        SQLAlchemyError: the database did not do it.
    """
    async with asyncio.timeout(patience), engine.begin() as connection:
        deleted = 0
        for key, over in (
            (AttemptWindow.key, AttemptWindow.ends_at < func.now()),
            (Effect.key, Effect.happened_at < func.now() - effects.RETENTION),
            (Session.id, Session.expires_at < func.now() - session_retention),
        ):
            done = await connection.execute(delete(key.class_).where(key.in_(_some(key, over))))
            deleted += done.rowcount
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
            deleted = await clean_up(engine, session_retention)
        except (SQLAlchemyError, TimeoutError) as error:
            # Whatever is wrong with the database, calls and the health check say it louder.
            _log.warning("clean-up failed", error=type(error).__name__)
        else:
            _log.debug("cleaned up", deleted=deleted)
        await asyncio.sleep(interval)
