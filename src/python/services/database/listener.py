"""Hears from PostgreSQL of which account something new is, and wakes who watches it.

One connection of its own for the whole process, outside of the pool: it waits all the time. While
it is away nothing is heard; so everyone looks again as soon as it is back.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from services.database.arrivals import Arrivals
from services.database.news import CHANNEL

QUIET = 30.0
"""Seconds without news after which the connection is asked whether it still lives."""

ANSWER_TIMEOUT = 5.0
"""Seconds that PostgreSQL has to answer that, and to begin to listen."""

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0

_log = structlog.get_logger()


class Listener:
    """Listens as long as `run` does.

    Args:
        url: Where PostgreSQL is.
        name: What the connection is called in `pg_stat_activity`.
        connect_timeout: Seconds that PostgreSQL has to take the connection.
        arrivals: Who is told.
    """

    def __init__(self, url: URL, name: str, connect_timeout: int, arrivals: Arrivals) -> None:
        # As the pool has it: libpq does not read all that SQLAlchemy writes, and repeats it then.
        _, given = url.get_dialect()().create_connect_args(url)
        self._address = make_conninfo(**given)
        self._name = name
        self._connect_timeout = connect_timeout
        self._arrivals = arrivals
        self._away = "not connected yet"

    async def check(self) -> None:
        """Return if it listens.

        Raises:
            ConnectionError: it does not, so watchers learn of nothing at the moment.
        """
        if self._away:
            raise ConnectionError(self._away)

    async def run(self) -> None:
        """Listen until cancelled; connects again, each time after a longer pause up to a bound."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async for _ in self._listen():
                    pause = _FIRST_PAUSE
            except (psycopg.Error, TimeoutError) as error:
                self._away = _reason(error)
                _log.warning("not listening", reason=self._away, pause=round(pause, 1))
            # Processes that lost the same server come back at different times.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _listen(self) -> AsyncIterator[None]:
        """Listen on one connection until it breaks; gives something once it listens."""
        connection = await psycopg.AsyncConnection.connect(
            self._address,
            autocommit=True,
            application_name=self._name,
            connect_timeout=self._connect_timeout,
            keepalives_idle=round(QUIET),
        )
        async with connection:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self._away = ""
            _log.info("listening")
            while True:
                # Nobody heard what came before it listened, or while the connection was asked.
                self._arrivals.tell_all()
                yield
                async for notice in connection.notifies(timeout=QUIET):
                    self._tell(notice.payload)
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await connection.execute("SELECT 1")

    def _tell(self, payload: str) -> None:
        try:
            account_id = UUID(payload)
        except ValueError:
            # Anyone who may connect may notify.
            _log.warning("heard what is no account's id")
            return
        self._arrivals.tell(account_id)


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[Listener]:
    """Let it listen until the block ends."""
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _reason(error: Exception) -> str:
    """One line, without what an address may hold."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return primary or (str(error).splitlines() or [type(error).__name__])[0]
