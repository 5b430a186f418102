from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import chassis
from services.database.history import History
from services.database.service import check_schema, connected
from services.database.settings import Settings
from tests.support.database import Addresses, migrated, prepared
from tests.support.postgres import Postgres


@asynccontextmanager
async def pool(settings: Settings, addresses: Addresses) -> AsyncIterator[AsyncEngine]:
    changed = {**settings.model_dump(), "database_url": addresses.app, "kafka_options": "{}"}
    async with connected(Settings.model_validate(changed)) as engine:
        yield engine


async def test_a_service_without_a_schema_says_which_command_makes_it(
    server: Postgres, settings: Settings
) -> None:
    async with pool(settings, prepared(server)) as engine:
        with pytest.raises(
            chassis.StartError, match=r"python -m services\.database migrate expand"
        ):
            await check_schema(engine, History())


async def test_a_service_serves_beside_a_newer_release(
    server: Postgres, settings: Settings
) -> None:
    addresses = migrated(server)
    with psycopg.connect(addresses.owner) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'e0999' WHERE version_num ~ '^e'")
    async with pool(settings, addresses) as engine:
        await check_schema(engine, History())


async def test_a_service_does_not_serve_what_a_newer_release_has_contracted(
    server: Postgres, settings: Settings
) -> None:
    addresses = migrated(server)
    with psycopg.connect(addresses.owner) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'c0999' WHERE version_num ~ '^c'")
    async with pool(settings, addresses) as engine:
        with pytest.raises(chassis.StartError, match="newest release"):
            await check_schema(engine, History())


async def test_a_service_without_postgresql_says_where_it_looked(
    settings: Settings, addresses: Addresses
) -> None:
    port = addresses.app.rpartition(":")[2].partition("/")[0]
    nowhere = Addresses(
        admin=addresses.admin, owner=addresses.owner, app=addresses.app.replace(f":{port}/", ":1/")
    )
    async with pool(settings, nowhere) as engine:
        with pytest.raises(chassis.StartError, match=r"127\.0\.0\.1:1 does not answer"):
            await check_schema(engine, History())
