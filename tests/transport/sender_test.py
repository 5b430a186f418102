"""A producer that librdkafka gives up, on the embedded broker."""

from __future__ import annotations

import asyncio
import ctypes

from confluent_kafka import Producer, cimpl

from grpc_kafka import BrokerError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._line import Line, Parcel
from grpc_kafka.protocol import Encoded
from tests.transport.conftest import Cluster, lane_on

_OUT_OF_ORDER = 45


def _fail_for_good(producer: Producer) -> None:
    """Have librdkafka treat the producer as after a fatal error; it has a function for tests."""
    handle = ctypes.c_void_p.from_address(id(producer) + object.__basicsize__)
    library = ctypes.CDLL(cimpl.__file__)
    library.rd_kafka_test_fatal_error(handle, ctypes.c_int(_OUT_OF_ORDER), b"a test")


def _accepts(
    sender: Line, topic: str, record: Encoded, outcomes: asyncio.Queue[BrokerError | None]
) -> bool:
    try:
        sender.put(Parcel(topic, record, outcomes.put_nowait, None))
    except BrokerError:
        return False
    return True


async def test_a_producer_that_failed_for_good_is_replaced_and_what_it_lost_reported(
    embedded: Cluster,
) -> None:
    lane = lane_on(embedded)
    sender = Line(_settings.of_producer(lane.endpoint, every_report=True), "sender")
    outcomes: asyncio.Queue[BrokerError | None] = asyncio.Queue()
    record = Encoded(b"key", [], b"value")
    sender.put(Parcel(lane.queue, record, outcomes.put_nowait, None))
    assert await asyncio.wait_for(outcomes.get(), 20) is None
    sender.put(Parcel(lane.queue, record, outcomes.put_nowait, None))
    _fail_for_good(sender._producer)
    # Lost or, when it was quick, delivered: in any case told.
    await asyncio.wait_for(outcomes.get(), 20)
    async with asyncio.timeout(20):
        while not _accepts(sender, lane.queue, record, outcomes):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
        assert await outcomes.get() is None
    assert sender.healthy().ok
    await sender.close(5)
