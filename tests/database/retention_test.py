from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database.retention import BATCH, catch_up, clean_up
from tests.database.stores import Stores
from tests.support.database import Addresses, migrated
from tests.support.postgres import Postgres

MONTH = timedelta(days=30)

OLD_WINDOWS = """
INSERT INTO attempt_windows (key, attempts, ends_at)
SELECT sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 1, now() - interval '1 second'
FROM generate_series(1, %s)
"""

SESSION = """
UPDATE sessions SET created_at = now() - interval '2 years', expires_at = now() - %s WHERE id = %s
"""


@pytest.fixture
def addresses(server: Postgres) -> Addresses:
    """A database of its own: a clean-up sees the rows of all tests."""
    return migrated(server)


def make_old_windows(addresses: Addresses, number: int) -> None:
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(OLD_WINDOWS, [number])


async def test_what_is_over_is_deleted_in_batches(
    stores: Stores, engine: AsyncEngine, addresses: Addresses
) -> None:
    kept = await stores.some_session(await stores.some_account())
    expired, forgotten = [await stores.some_session(kept.account_id) for _ in range(2)]
    make_old_windows(addresses, BATCH + 1)
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(SESSION, [MONTH - timedelta(hours=1), expired.id])
        owner.execute(SESSION, [MONTH + timedelta(hours=1), forgotten.id])
    first = await clean_up(engine, MONTH)
    assert first == {"attempt_windows": BATCH, "effects": 0, "sessions": 1}
    second = await clean_up(engine, MONTH)
    assert second == {"attempt_windows": 1, "effects": 0, "sessions": 0}
    with psycopg.connect(addresses.owner) as owner:
        query = "SELECT id::text FROM sessions WHERE account_id = %s ORDER BY id"
        rows = owner.execute(query, [kept.account_id]).fetchall()
    assert [row[0] for row in rows] == [kept.id, expired.id]


async def test_a_backlog_is_worked_off_at_once(engine: AsyncEngine, addresses: Addresses) -> None:
    make_old_windows(addresses, 2 * BATCH + 1)
    assert (await catch_up(engine, MONTH))["attempt_windows"] == 2 * BATCH + 1


async def test_a_backlog_of_any_length_keeps_a_clean_up_only_so_long(
    engine: AsyncEngine, addresses: Addresses
) -> None:
    make_old_windows(addresses, 2 * BATCH + 1)
    assert (await catch_up(engine, MONTH, rounds=2))["attempt_windows"] == 2 * BATCH
    assert (await catch_up(engine, MONTH))["attempt_windows"] == 1


async def test_clean_up_waits_for_nobody(
    stores: Stores, engine: AsyncEngine, addresses: Addresses
) -> None:
    session = await stores.some_session(await stores.some_account())
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(SESSION, [2 * MONTH, session.id])
        owner.commit()
        owner.execute("SELECT FROM sessions WHERE id = %s FOR UPDATE", [session.id])
        assert (await clean_up(engine, MONTH))["sessions"] == 0
    assert (await clean_up(engine, MONTH))["sessions"] == 1


async def test_clean_up_gives_up_on_a_table_that_a_migration_holds_and_only_on_it(
    engine: AsyncEngine, addresses: Addresses
) -> None:
    make_old_windows(addresses, 1)
    with psycopg.connect(addresses.owner) as owner:
        owner.execute("LOCK TABLE sessions")
        with pytest.raises(TimeoutError):
            await clean_up(engine, MONTH, patience=3)
        assert owner.execute("SELECT count(*) FROM attempt_windows").fetchone() == (0,)
    await clean_up(engine, MONTH)
