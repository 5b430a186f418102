"""Clients that lost their last broker find it again, and nothing is lost with them.

librdkafka loses it by a race (its issue 5301), when a cluster says that it has no brokers. With
this strategy of recovery it does so each time; what it then knows, and does, is the same.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from grpc_kafka import BrokerError, Endpoint, Health
from grpc_kafka._kafka import KafkaBroker, _settings
from grpc_kafka._kafka._line import Line, Parcel
from grpc_kafka.protocol import Encoded
from tests.support import embedded_kafka, faulty_kafka, relay
from tests.transport.conftest import APPLICATION, Cluster, Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    import grpc

    from grpc_kafka._broker import Record
    from tests.support.relay import Relay

_FRAGILE = {"metadata.recovery.strategy": "none", "topic.metadata.refresh.interval.ms": "100"}


@pytest.fixture
async def way() -> AsyncIterator[Relay]:
    with faulty_kafka.running() as broker:
        async with relay.to(broker.bootstrap_servers) as made:
            broker.advertise(made.port)
            yield made


def _lane(way: Relay) -> Lane:
    settings = embedded_kafka.SETTINGS | _FRAGILE
    cluster = Cluster(way.address, settings, creates_topics=True)
    return Lane(cluster, _endpoint(way, f"t{uuid.uuid4().hex[:8]}", settings))


def _endpoint(way: Relay, lane: str, settings: dict[str, str]) -> Endpoint:
    return Endpoint(way.address, lane, APPLICATION, settings)


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


async def _becomes(ok: bool, *healths: Callable[[], Health]) -> None:
    async with asyncio.timeout(20):
        while any(health().ok is not ok for health in healths):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


async def test_a_channel_and_a_server_that_lost_their_last_broker_find_it_again(
    way: Relay,
) -> None:
    lane = _lane(way)
    try:
        made = await lane.serve(_echo)
        opened = lane.channel()
        method = lane.method(opened)
        assert await method(b"x", timeout=20) == b"x"
        with way.emptied():
            await _becomes(False, made.healthy, opened.healthy)
        await _becomes(True, made.healthy, opened.healthy)
        assert await method(b"again", timeout=20) == b"again"
    finally:
        await lane.close()


@pytest.mark.parametrize("before", [0, 30])
async def test_an_inbox_that_lost_its_last_broker_goes_on_behind_what_came(
    way: Relay, before: int
) -> None:
    lane = _lane(way)
    sender = KafkaBroker().sender(
        _endpoint(way, lane.endpoint.lane, embedded_kafka.SETTINGS), every_report=True
    )
    came: list[bytes | None] = []
    sent: list[bytes | None] = []

    def receive(records: Sequence[Record]) -> None:
        came.extend(record.value for record in records)

    async def send(count: int) -> None:
        told: asyncio.Queue[BrokerError | None] = asyncio.Queue()
        for _ in range(count):
            value = b"%d" % len(sent)
            sent.append(value)
            record = Encoded(b"key", [], value)
            sender.send(lane.inbox, record, told.put_nowait, partition=inbox.partition)
        for _ in range(count):
            assert await asyncio.wait_for(told.get(), 20) is None

    inbox = await KafkaBroker().open_inbox(lane.endpoint, lane.inbox, receive)
    try:
        await send(before)
        async with asyncio.timeout(20):
            while came != sent:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
        await _becomes(True, inbox.healthy)
        with way.emptied():
            await _becomes(False, inbox.healthy)
        await send(30)
        await _becomes(True, inbox.healthy)
        await send(30)
        async with asyncio.timeout(20):
            while len(came) < len(sent):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert came == sent
    finally:
        await inbox.close()
        await sender.close(5)


async def test_a_producer_that_lost_its_last_broker_is_replaced_and_what_it_had_is_reported(
    way: Relay,
) -> None:
    lane = _lane(way)
    sender = Line(_settings.of_producer(lane.endpoint, every_report=True), "sender")
    told: asyncio.Queue[BrokerError | None] = asyncio.Queue()
    parcel = Parcel(lane.queue, Encoded(b"key", [], b"value"), told.put_nowait, None)
    try:
        sender.put(parcel)
        assert await asyncio.wait_for(told.get(), 20) is None
        with way.emptied():
            async with asyncio.timeout(20):
                while way.clients:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.02)
        sender.put(parcel)
        assert isinstance(await asyncio.wait_for(told.get(), 20), BrokerError)
        sender.put(parcel)
        assert await asyncio.wait_for(told.get(), 20) is None
        assert sender.healthy().ok
    finally:
        await sender.close(5)
