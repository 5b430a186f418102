"""Every test of this room runs twice: on grpc.aio, and on grpc_kafka."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.conformance.transports import Arity, DirectTransport, KafkaTransport, Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_SECONDS = 60
# grpcio's own intercepted calls cancel a write before it begins when the call ends first.
_NEVER_BEGUN = "ignore:coroutine 'Queue.put' was never awaited:RuntimeWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.timeout(_SECONDS))
        item.add_marker(pytest.mark.filterwarnings(_NEVER_BEGUN))


@pytest.fixture(params=[DirectTransport, KafkaTransport], ids=lambda each: str(each.name))
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    made: Transport = request.param()
    yield made
    await made.close()


@pytest.fixture(params=list(Arity), ids=str)
def arity(request: pytest.FixtureRequest) -> Arity:
    made: Arity = request.param
    return made


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for plain handlers; not waited for, since they in turn may wait for the loop."""
    made = ThreadPoolExecutor(4, thread_name_prefix="given")
    yield made
    made.shutdown(wait=False)
