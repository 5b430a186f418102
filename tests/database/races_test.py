"""Races, each shown without what prevents it and gone with it: a lock, a rule, a level, a limit.

The table of docs/postgres.md says which of them the service uses, and where.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from services.database import sqlstate
from services.database.transactions import Transactions
from tests.support.database import Addresses, to_url

type Work = Callable[[None, AsyncSession], Awaitable[None]]

_TABLES = """
    DROP TABLE IF EXISTS counters, doctors, names, unique_names;
    CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL);
    INSERT INTO counters VALUES (1, 0), (2, 0);
    CREATE TABLE doctors (id int PRIMARY KEY, on_call bool NOT NULL);
    INSERT INTO doctors VALUES (1, true), (2, true);
    CREATE TABLE names (name text NOT NULL);
    CREATE TABLE unique_names (name text UNIQUE NOT NULL);
"""
_PATIENCE = 4.0
"""Seconds that a transaction waits for the other one to get as far, unless a lock holds that up."""

_TRIES = 3
"""How often something is timed: a busy machine makes it seem longer, and never shorter."""
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


class Unbounded:
    """The context of a call without a deadline."""

    def time_remaining(self) -> None:
        return None

    async def abort(self, *_status: object) -> None:
        raise AssertionError


class Meeting:
    """Where two transactions wait for each other, the first time that they come there."""

    def __init__(self) -> None:
        self._missing = 2
        self._both = asyncio.Event()

    async def __call__(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._both.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._both.wait()


@pytest.fixture(autouse=True)
def tables(addresses: Addresses) -> None:
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(_TABLES)


@asynccontextmanager
async def setting(addresses: Addresses, options: str = "") -> AsyncIterator[AsyncEngine]:
    """Connections that have these settings of the server."""
    engine = create_async_engine(
        to_url(addresses.owner), connect_args={"options": options}, hide_parameters=True
    )
    try:
        yield engine
    finally:
        await engine.dispose()


async def both(engine: AsyncEngine, *works: Work) -> None:
    """Run two transactions at once, each as often as the service would."""
    transactions = Transactions(engine, statement_timeout=10)
    await asyncio.gather(*(transactions.result(work, None, Unbounded()) for work in works))


def number(addresses: Addresses, query: str) -> int:
    with psycopg.connect(addresses.owner) as owner:
        row = owner.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def increment(met: Meeting, lock: str = "") -> Work:
    """Read, think, write: what a program does that computes outside of SQL."""

    async def work(_request: None, session: AsyncSession) -> None:
        value = await session.scalar(text(f"SELECT value FROM counters WHERE id = 1 {lock}"))  # noqa: S608
        assert value is not None
        await met()
        await session.execute(
            text("UPDATE counters SET value = :next WHERE id = 1"), {"next": value + 1}
        )

    return work


@pytest.mark.parametrize(
    ("options", "lock", "counted"),
    [
        ("", "", 1),  # the anomaly: one of two increments is lost
        ("", "FOR NO KEY UPDATE", 2),
        ("-c default_transaction_isolation=repeatable\\ read", "", 2),
        ("-c default_transaction_isolation=serializable", "", 2),
    ],
)
async def test_an_update_is_lost_without_a_row_lock_or_a_stricter_level(
    addresses: Addresses, options: str, lock: str, counted: int
) -> None:
    met = Meeting()
    async with setting(addresses, options) as engine:
        await both(engine, increment(met, lock), increment(met, lock))
    assert number(addresses, "SELECT value FROM counters WHERE id = 1") == counted


def go_home(met: Meeting, doctor: int) -> Work:
    """Leave, if another stays: a rule across rows."""

    async def work(_request: None, session: AsyncSession) -> None:
        there = await session.scalar(text("SELECT count(*) FROM doctors WHERE on_call"))
        await met()
        if there is not None and there > 1:
            leaving = text("UPDATE doctors SET on_call = false WHERE id = :id")
            await session.execute(leaving, {"id": doctor})

    return work


@pytest.mark.parametrize(
    ("level", "left"),
    [("read committed", 0), ("repeatable read", 0), ("serializable", 1)],
)
async def test_a_rule_across_rows_holds_only_at_the_strictest_level(
    addresses: Addresses, level: str, left: int
) -> None:
    options = f"-c default_transaction_isolation={level.replace(' ', '\\ ')}"
    met = Meeting()
    async with setting(addresses, options) as engine:
        await both(engine, go_home(met, 1), go_home(met, 2))
    assert number(addresses, "SELECT count(*) FROM doctors WHERE on_call") == left


def add(met: Meeting, table: str) -> Work:
    """Take a name, if nobody has it."""

    async def work(_request: None, session: AsyncSession) -> None:
        taken = await session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        await met()
        if not taken:
            await session.execute(
                text(f"INSERT INTO {table} VALUES ('ada') ON CONFLICT DO NOTHING")  # noqa: S608
            )

    return work


@pytest.mark.parametrize(("table", "rows"), [("names", 2), ("unique_names", 1)])
async def test_a_name_is_taken_twice_without_a_unique_rule(
    addresses: Addresses, table: str, rows: int
) -> None:
    met = Meeting()
    async with setting(addresses) as engine:
        await both(engine, add(met, table), add(met, table))
    assert number(addresses, f"SELECT count(*) FROM {table}") == rows  # noqa: S608


def touch(met: Meeting, *ids: int) -> Work:
    async def work(_request: None, session: AsyncSession) -> None:
        for each in ids:
            await session.execute(
                text("UPDATE counters SET value = value + 1 WHERE id = :id"), {"id": each}
            )
            await met()

    return work


@pytest.mark.parametrize(("limit", "least", "most"), [("1s", 1.0, 9.0), ("200ms", 0.2, 0.95)])
async def test_transactions_that_wait_for_each_other_both_end_well_sooner_with_our_limit(
    addresses: Addresses, limit: str, least: float, most: float
) -> None:
    # Only a superuser may set it: for the role, as the server's configuration does for all.
    with psycopg.connect(addresses.admin, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE tandem_owner SET deadlock_timeout = '{limit}'".encode())
    try:
        async with setting(addresses) as engine:
            took = [await taken_by_a_deadlock(engine) for _ in range(_TRIES)]
    finally:
        with psycopg.connect(addresses.admin, autocommit=True) as admin:
            admin.execute("ALTER ROLE tandem_owner RESET deadlock_timeout")
    assert number(addresses, "SELECT sum(value) FROM counters") == 4 * _TRIES
    assert least <= min(took) < most


async def taken_by_a_deadlock(engine: AsyncEngine) -> float:
    """Seconds in which two transactions that wait for each other both come to their end."""
    met, start = Meeting(), time.monotonic()
    await both(engine, touch(met, 1, 2), touch(met, 2, 1))
    return time.monotonic() - start


@pytest.mark.parametrize(("limit", "served"), [("0", False), ("200ms", True)])
async def test_a_client_that_sits_on_a_lock_holds_others_up_until_the_limit_for_idling(
    addresses: Addresses, limit: str, served: bool
) -> None:
    options = f"-c idle_in_transaction_session_timeout={limit}"
    with psycopg.connect(addresses.owner, options=options) as idle:
        idle.execute("UPDATE counters SET value = 7 WHERE id = 1")
        async with setting(addresses, "-c lock_timeout=3s") as engine:
            assert await is_served(engine, "UPDATE counters SET value = 8 WHERE id = 1") is served
        idle.rollback() if not served else idle.close()


@pytest.mark.parametrize(("limit", "served"), [("0", False), ("200ms", True)])
async def test_a_change_of_the_schema_that_waits_holds_all_others_up_until_the_limit_for_locks(
    addresses: Addresses, limit: str, served: bool
) -> None:
    async with setting(addresses, f"-c lock_timeout={limit}") as migrating:
        with psycopg.connect(addresses.owner) as reader:
            reader.execute("SELECT * FROM counters")  # a transaction that stays open
            change = asyncio.create_task(
                is_served(migrating, "ALTER TABLE counters ADD COLUMN more int")
            )
            while not change.done() and not number(addresses, _WAITING):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)
            async with setting(addresses, "-c statement_timeout=3s") as engine:
                assert await is_served(engine, "SELECT * FROM counters") is served
        assert await change is not served


async def is_served(engine: AsyncEngine, statement: str) -> bool:
    """Whether the statement is done, and not ended by a limit."""
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement))
    except DBAPIError as error:
        if sqlstate.code(error) not in {sqlstate.LOCK_NOT_AVAILABLE, sqlstate.QUERY_CANCELED}:
            raise
        return False
    return True
