from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import grpc_kafka
from grpc_kafka import aio, testing
from services.database.service import add_stores, connected
from services.database.settings import Settings
from services.database.transactions import Transactions
from tests.database.stores import Stores
from tests.support import postgres
from tests.support.database import Addresses, migrated


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def addresses(server: postgres.Postgres) -> Addresses:
    """One migrated database for all tests of stores: each makes rows of its own."""
    return migrated(server)


@pytest.fixture
def settings(addresses: Addresses) -> Settings:
    return Settings.model_validate(
        {
            "kafka_bootstrap_servers": "none.invalid:1",
            "http_port": 0,
            "database_url": addresses.app,
            "database_pool_size": 8,
        }
    )


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    async with connected(settings) as pool:
        yield pool


@pytest.fixture
async def stores(engine: AsyncEngine, settings: Settings) -> AsyncIterator[Stores]:
    """Stubs of all stores, over the transport, on a real PostgreSQL."""
    broker = testing.InMemoryBroker()
    server = aio.server(_endpoint("database"), broker=broker)
    add_stores(Transactions(engine, settings.database_statement_timeout), server)
    await server.start()
    async with aio.channel(_endpoint("tests"), broker=broker) as channel:
        yield Stores.on(channel)
    await server.stop(None)


def _endpoint(application: str) -> grpc_kafka.Endpoint:
    return grpc_kafka.Endpoint(
        bootstrap_servers="none.invalid:1", lane="blue", application=application, kafka={}
    )
