from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc.aio
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from grpc_kafka import aio, testing
from services.database.arrivals import Arrivals
from services.database.listener import Listener, listening
from services.database.service import add_stores, connected, listener_of
from services.database.settings import Settings
from services.database.transactions import Transactions
from tests.database import process
from tests.database.stores import Stores
from tests.support import embedded_kafka, postgres
from tests.support.database import Addresses, migrated
from tests.support.services import Service


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
def arrivals() -> Arrivals:
    return Arrivals(3)


@pytest.fixture
async def listener(settings: Settings, arrivals: Arrivals) -> AsyncIterator[Listener]:
    async with listening(listener_of(settings, arrivals)) as started:
        yield started


@pytest.fixture
async def channel(
    engine: AsyncEngine, settings: Settings, arrivals: Arrivals
) -> AsyncIterator[grpc.aio.Channel]:
    """The transport to all stores, on a real PostgreSQL."""
    in_memory = testing.InMemoryBroker()
    server = aio.server(process.endpoint("database"), broker=in_memory)
    add_stores(
        Transactions(engine, settings.database_statement_timeout, settings.database_pool_size),
        arrivals,
        server,
    )
    await server.start()
    async with aio.channel(process.endpoint(process.CALLER), broker=in_memory) as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
def stores(channel: grpc.aio.Channel) -> Stores:
    """Stubs of the stores."""
    return Stores.on(channel)


@pytest.fixture
def kafka() -> Iterator[str]:
    with embedded_kafka.running() as address:
        yield address


@pytest.fixture
def service(kafka: str, addresses: Addresses, tmp_path: Path) -> Iterator[Service]:
    """The service as a process of its own, healthy."""
    service = process.service_on(kafka, addresses, tmp_path)
    service.start()
    service.wait_until_healthy()
    yield service
    if service.runs:
        service.stop()
