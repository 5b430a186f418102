import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tandem.database.v1 import accounts_pb2

from grpc_kafka import aio
from tests.database import process
from tests.database.stores import Stores
from tests.support.database import Addresses
from tests.support.services import Service

CALLS = 2000
SMALL_POOL = {"TANDEM_DATABASE_POOL_SIZE": "2", "TANDEM_DATABASE_POOL_TIMEOUT": "1"}


@pytest.fixture
def service(kafka: str, addresses: Addresses, tmp_path: Path) -> Iterator[Service]:
    """The service with few connections, for which a call does not wait long."""
    service = process.service_on(kafka, addresses, tmp_path, SMALL_POOL)
    service.start()
    service.wait_until_healthy()
    yield service
    service.stop()


@pytest.mark.usefixtures("service")
async def test_a_backlog_waits_in_kafka_and_not_for_the_pool(kafka: str) -> None:
    async with aio.channel(process.endpoint(process.CALLER, kafka)) as channel:
        stores = Stores.on(channel)
        get = accounts_pb2.GetAccountRequest(id=await stores.some_account())
        answers = await asyncio.gather(
            *(stores.accounts.GetAccount(get, timeout=150) for _ in range(CALLS))
        )
    assert {answer.account.id for answer in answers} == {get.id}
