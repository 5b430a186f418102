from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grpc_kafka import aio, testing
from services.database.arrivals import Arrivals
from services.database.service import add_stores, connected
from services.database.settings import Settings as DatabaseSettings
from services.database.transactions import Transactions
from services.identity.testing import endpoint, serving, started
from tests.support import postgres
from tests.support.database import Addresses, migrated

if TYPE_CHECKING:
    from tandem.identity.v1.identity_pb2_grpc import IdentityAsyncStub


@pytest.fixture(scope="session")
def addresses() -> Iterator[Addresses]:
    """One migrated database for all tests: each makes accounts of its own."""
    with postgres.running() as server:
        yield migrated(server)


@pytest.fixture
async def broker(addresses: Addresses) -> AsyncIterator[testing.InMemoryBroker]:
    """A broker that the real database service is served on."""
    settings = DatabaseSettings.model_validate(
        {"kafka_bootstrap_servers": "in memory", "http_port": 0, "database_url": addresses.app}
    )
    in_memory = testing.InMemoryBroker()
    server = aio.server(endpoint("database"), broker=in_memory)
    async with connected(settings) as engine:
        transactions = Transactions(
            engine, settings.database_statement_timeout, settings.database_pool_size
        )
        add_stores(transactions, Arrivals(1), server)
        async with started(server):
            yield in_memory


@pytest.fixture
async def identity(
    broker: testing.InMemoryBroker, tmp_path: Path
) -> "AsyncIterator[IdentityAsyncStub]":
    async with serving(tmp_path, broker, sign_in_limit_per_pair=3) as (stub, _hashes):
        yield stub
