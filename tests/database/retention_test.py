from datetime import timedelta

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.database.retention import BATCH, clean_up
from tests.database.stores import Stores
from tests.support.database import Addresses

MONTH = timedelta(days=30)

OLD_WINDOWS = """
INSERT INTO attempt_windows (key, attempts, ends_at)
SELECT sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 1, now() - interval '1 second'
FROM generate_series(1, %s)
"""

SESSION = """
UPDATE sessions SET created_at = now() - interval '2 years', expires_at = now() - %s WHERE id = %s
"""


async def test_what_is_over_is_deleted_in_batches(
    stores: Stores, engine: AsyncEngine, addresses: Addresses
) -> None:
    kept = await stores.some_session(await stores.some_account())
    expired, forgotten = [await stores.some_session(kept.account_id) for _ in range(2)]
    with psycopg.connect(addresses.owner) as owner:
        owner.execute("DELETE FROM attempt_windows")
        owner.execute(OLD_WINDOWS, [BATCH + 1])
        owner.execute(SESSION, [MONTH - timedelta(hours=1), expired.id])
        owner.execute(SESSION, [MONTH + timedelta(hours=1), forgotten.id])
    assert await clean_up(engine, MONTH) == BATCH + 1
    assert await clean_up(engine, MONTH) == 1
    assert await clean_up(engine, MONTH) == 0
    with psycopg.connect(addresses.owner) as owner:
        query = "SELECT id::text FROM sessions WHERE account_id = %s ORDER BY id"
        rows = owner.execute(query, [kept.account_id]).fetchall()
    assert [row[0] for row in rows] == [kept.id, expired.id]


async def test_clean_up_waits_for_nobody(
    stores: Stores, engine: AsyncEngine, addresses: Addresses
) -> None:
    session = await stores.some_session(await stores.some_account())
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(SESSION, [2 * MONTH, session.id])
        owner.commit()
        owner.execute("SELECT FROM sessions WHERE id = %s FOR UPDATE", [session.id])
        assert await clean_up(engine, MONTH) == 0
    assert await clean_up(engine, MONTH) == 1


async def test_clean_up_gives_up_on_a_table_that_a_migration_holds(
    engine: AsyncEngine, addresses: Addresses
) -> None:
    with psycopg.connect(addresses.owner) as owner:
        owner.execute("LOCK TABLE sessions")
        with pytest.raises(TimeoutError):
            await clean_up(engine, MONTH, patience=0.3)
    await clean_up(engine, MONTH)
