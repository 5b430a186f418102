"""Waits for what tells nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
from confluent_kafka import Consumer, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.transport.conftest import Lane, Method


STALL = 5.0
"""Seconds that a busy machine may stand still, on top of what something may take."""

_NOBODY = grpc.StatusCode.UNAVAILABLE


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: it did not become so.
    """
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


async def until_served(method: Method) -> None:
    """Wait until a call that does not wait for a server comes to one, whatever it answers.

    Raises:
        TimeoutError: none did.
    """
    async with asyncio.timeout(30):
        while await method(b"warm", timeout=30, wait_for_ready=False).code() is _NOBODY:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def until_another_serves(method: Method, name: bytes) -> None:
    """Wait until calls come to the `echo_server` of this name as well.

    Raises:
        TimeoutError: none did.
    """
    async with asyncio.timeout(40):
        while not (await method(b"who", timeout=30)).startswith(name + b":"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


async def until_committed(lane: Lane) -> None:
    """Wait until no record of the lane's queue would be delivered again.

    Raises:
        TimeoutError: some would.
    """
    async with asyncio.timeout(20):
        while await asyncio.to_thread(_uncommitted, lane):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)


def _uncommitted(lane: Lane) -> int:
    """How many records of the queue would be delivered again."""
    consumer = Consumer(
        {"bootstrap.servers": lane.endpoint.bootstrap_servers, "group.id": lane.queue}
    )
    try:
        places = [TopicPartition(lane.queue, partition) for partition in range(4)]
        ends = [consumer.get_watermark_offsets(place, timeout=10)[1] for place in places]
        positions = [max(each.offset, 0) for each in consumer.committed(places, timeout=10)]
    finally:
        consumer.close()
    return sum(ends) - sum(positions)
