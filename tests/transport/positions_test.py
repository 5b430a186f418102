"""Partitions are read from where the group was, also when the brokers do not say so at once."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaError

from grpc_kafka import Endpoint
from grpc_kafka._kafka import _queue
from tests.support import embedded_kafka, faulty_kafka
from tests.transport.conftest import APPLICATION, Cluster, Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from tests.support.kafka import Kafka


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


@pytest.fixture(scope="module")
def faulty() -> Iterator[faulty_kafka.FaultyKafka]:
    with faulty_kafka.running() as broker:
        yield broker


def _lane_on(broker: faulty_kafka.FaultyKafka) -> Lane:
    settings = embedded_kafka.SETTINGS
    cluster = Cluster(broker.bootstrap_servers, settings, creates_topics=True)
    name = f"t{uuid.uuid4().hex[:8]}"
    return Lane(cluster, Endpoint(broker.bootstrap_servers, name, APPLICATION, settings))


@pytest.mark.parametrize("answers", [1, 2, 3, 6])
async def test_a_queue_is_read_when_its_coordinator_moves_as_it_is_assigned(
    faulty: faulty_kafka.FaultyKafka, answers: int
) -> None:
    lane = _lane_on(faulty)
    try:
        faulty.fail(faulty_kafka.OFFSET_FETCH, *[KafkaError.NOT_COORDINATOR] * answers)
        await lane.serve(_echo)
        assert await lane.method()(b"x", timeout=20) == b"x"
    finally:
        await lane.close()


async def test_a_queue_that_others_have_read_goes_on_where_they_were(
    faulty: faulty_kafka.FaultyKafka,
) -> None:
    lane = _lane_on(faulty)
    taken: list[bytes] = []

    async def count(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        taken.append(request)
        return request

    try:
        method = lane.method()
        for number in range(3):
            made = await lane.serve(count)
            sent = [b"%d.%d" % (number, each) for each in range(8)]
            calls = [method(each, timeout=20) for each in sent]
            assert await asyncio.gather(*calls) == sent
            await made.stop(None)
            faulty.fail(faulty_kafka.OFFSET_FETCH, *[KafkaError.NOT_COORDINATOR] * 2)
        assert len(taken) == len(set(taken)) == 24
    finally:
        faulty.fail(faulty_kafka.OFFSET_FETCH)
        await lane.close()


def _freezing(kafka: Kafka, at: str) -> type[Consumer]:
    """A consumer that stops its broker, once, when it is about to call this."""
    frozen = False

    def freeze(self: Consumer, *arguments: object, **named: object) -> object:
        nonlocal frozen
        if not frozen:
            frozen = True
            kafka.freeze()
        return getattr(Consumer, at)(self, *arguments, **named)

    return type("FreezingConsumer", (Consumer,), {at: freeze})


@pytest.mark.parametrize("at", ["committed", "offsets_for_times", "commit"])
async def test_a_broker_that_stands_still_in_a_rebalance_keeps_no_partition_unread(
    apache_lane: Lane, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    kafka = apache_lane.cluster.kafka
    assert kafka is not None
    monkeypatch.setattr(_queue, "Consumer", _freezing(kafka, at))
    seen = set()
    try:
        made = await apache_lane.serve(_echo)
        for _ in range(80):
            await asyncio.sleep(0.1)
            seen.add(made.healthy().detail)
    finally:
        kafka.thaw()
    assert not [each for each in seen if "not polled" in each]
    assert await apache_lane.method()(b"x", timeout=30) == b"x"
