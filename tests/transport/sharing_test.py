"""Answers of many calls share records; each call gets its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition

if TYPE_CHECKING:
    import grpc

    from tests.transport.conftest import Lane

_CALLS = 512


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


def _written(lane: Lane) -> int:
    """How many records were ever written to the lane's inboxes."""
    consumer = Consumer(
        {"bootstrap.servers": lane.endpoint.bootstrap_servers, "group.id": "counting"}
    )
    try:
        partitions = consumer.list_topics(lane.inbox, timeout=10).topics[lane.inbox].partitions
        places = [TopicPartition(lane.inbox, number) for number in partitions]
        return sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
    finally:
        consumer.close()


async def test_answers_of_many_calls_share_records_and_each_call_gets_its_own(lane: Lane) -> None:
    await lane.serve(_echo)
    methods = [lane.method() for _ in range(2)]
    for method in methods:
        assert await method(b"warm", timeout=30) == b"warm"
    before = await asyncio.to_thread(_written, lane)
    calls = [
        method(b"%d of %d" % (number, client), timeout=60)
        for number in range(_CALLS)
        for client, method in enumerate(methods)
    ]
    answers = await asyncio.gather(*calls)
    assert answers == [
        b"%d of %d" % (number, client) for number in range(_CALLS) for client in range(2)
    ]
    assert await asyncio.to_thread(_written, lane) - before < len(calls) / 2


async def test_one_call_after_the_other_has_a_record_each(lane: Lane) -> None:
    await lane.serve(_echo)
    method = lane.method()
    assert await method(b"warm", timeout=30) == b"warm"
    before = await asyncio.to_thread(_written, lane)
    for number in range(20):
        assert await method(b"%d" % number, timeout=30) == b"%d" % number
    assert await asyncio.to_thread(_written, lane) - before == 20
