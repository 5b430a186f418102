"""The serving process: a pool of connections, the stores, news, health, clean-up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc.aio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tandem.database.v1 import (
    accounts_pb2_grpc,
    activity_pb2_grpc,
    attempts_pb2_grpc,
    sessions_pb2_grpc,
)

import chassis
from services.database import sqlstate
from services.database.arrivals import Arrivals
from services.database.errors import SchemaBehindError, SchemaError
from services.database.history import VERSION_TABLE, History
from services.database.listener import Listener, listening
from services.database.phases import EXPAND_ADVICE, Phase, check_serving, positions
from services.database.retention import cleaning_up
from services.database.settings import Settings, address
from services.database.stores import (
    Accounts,
    ActivityLog,
    Attempts,
    Sessions,
)
from services.database.transactions import Transactions

NAME = "database"
SCHEMA_TIMEOUT = 10.0
"""Seconds that PostgreSQL has at the start to say which schema it holds."""

CALLS_PER_CONNECTION = 8
"""Calls at work for each connection of the pool: enough to keep it busy while more are fetched. A
backlog waits in Kafka, where it is safe, and not for the pool, which gives up after seconds."""


def serve() -> None:
    """Run the service until it is told to stop.

    Raises:
        SystemExit: with a code other than 0 if it could not start or failed.
    """
    chassis.run(NAME, Settings, start)


async def start(process: chassis.Process[Settings]) -> None:
    """Build the service on its process.

    Raises:
        chassis.StartError: PostgreSQL does not answer, or its schema does not fit this release.
    """
    settings = process.settings
    engine = await process.enter(connected(settings))
    await check_schema(engine, History())
    transactions = Transactions(
        engine, settings.database_statement_timeout, settings.database_pool_size
    )
    arrivals = Arrivals(settings.database_watches)
    # A watch runs for minutes, and hardly ever needs a connection.
    most = CALLS_PER_CONNECTION * settings.database_pool_size + settings.database_watches
    add_stores(transactions, arrivals, process.server(maximum_concurrent_rpcs=most))
    process.when_stopping(arrivals.close)
    listener = await process.enter(listening(listener_of(settings, arrivals)))

    async def postgres() -> None:
        await check_answers(engine)

    process.health.add("postgres", postgres)
    process.health.add("postgres news", listener.check)
    await process.enter(
        cleaning_up(
            engine,
            settings.database_cleanup_interval,
            timedelta(seconds=settings.database_session_retention),
        )
    )


def add_stores(transactions: Transactions, arrivals: Arrivals, server: grpc.aio.Server) -> None:
    """Let this server answer for all stores."""
    accounts_pb2_grpc.add_AccountStoreServicer_to_server(Accounts(transactions), server)
    sessions_pb2_grpc.add_SessionStoreServicer_to_server(Sessions(transactions), server)
    activity = ActivityLog(transactions, arrivals)
    activity_pb2_grpc.add_ActivityLogServicer_to_server(activity, server)
    attempts_pb2_grpc.add_AttemptStoreServicer_to_server(Attempts(transactions), server)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """A pool of connections, opened as calls need them; closed at the end."""
    engine = create_async_engine(
        address(settings.database_url),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": settings.database_connect_timeout,
            "application_name": _name(settings),
            # A process that dies in the middle of a transaction must not keep its locks.
            "options": "-c TimeZone=UTC -c idle_in_transaction_session_timeout=30s",
        },
    )
    try:
        yield engine
    finally:
        await engine.dispose()


def listener_of(settings: Settings, arrivals: Arrivals) -> Listener:
    """What hears of news for this process's watchers."""
    return Listener(
        address(settings.database_url),
        f"{_name(settings)} listener",
        settings.database_connect_timeout,
        arrivals,
    )


async def check_answers(engine: AsyncEngine) -> None:
    """Ask PostgreSQL for anything, by a connection of the pool.

    Raises:
        ConnectionError: it does not answer.
    """
    try:
        try:
            await _ask(engine)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            # The pool had a connection from before a restart. It has dropped all such now.
            await _ask(engine)
    except DBAPIError as error:
        raise ConnectionError(sqlstate.reason(error)) from None


async def _ask(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def check_schema(engine: AsyncEngine, history: History) -> None:
    """Let this release serve on the schema that is there. A newer expand revision is fine.

    Raises:
        chassis.StartError: PostgreSQL does not answer, or expand has yet to run, or a newer release
            has contracted the schema.
    """
    try:
        async with asyncio.timeout(SCHEMA_TIMEOUT), engine.connect() as connection:
            ran = list(await connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}")))  # noqa: S608  # a constant
        check_serving(positions(history.revisions, ran))
    except SchemaError as error:
        raise chassis.StartError(str(error)) from None
    except TimeoutError:
        raise _unanswered(engine, f"nothing within {SCHEMA_TIMEOUT:g} s") from None
    except DBAPIError as error:
        if sqlstate.code(error) in sqlstate.NO_SUCH_TABLE:
            head = history.revisions[Phase.EXPAND][-1]
            raise chassis.StartError(str(SchemaBehindError(None, head, EXPAND_ADVICE))) from None
        raise _unanswered(engine, sqlstate.reason(error)) from None


def _name(settings: Settings) -> str:
    """What connections are called in `pg_stat_activity`."""
    return f"tandem {NAME} {settings.lane}"


def _unanswered(engine: AsyncEngine, reason: str) -> chassis.StartError:
    place = f"{engine.url.host}:{engine.url.port or 5432}"
    return chassis.StartError(
        f"PostgreSQL at {place} does not answer: {reason}; "
        "check TANDEM_DATABASE_URL and that it runs"
    )
