"""What `/metrics` of a running service says, on Apache Kafka."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import grpc
import httpx
import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from grpc_kafka import Endpoint, aio, topics
from tests.chassis import counting
from tests.support import kafka
from tests.support.services import Service

SERVED = "rpc_server_duration_seconds_count"
EVENTS = "grpc_kafka_events_total"

type Method = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@pytest.fixture(scope="module")
def broker() -> Iterator[kafka.Kafka]:
    with kafka.running() as made:
        yield made


@pytest.fixture
def lane(broker: kafka.Kafka) -> str:
    """A fresh lane, with all topics of the service and of the tests."""
    name = f"t{uuid.uuid4().hex[:8]}"
    queue = topics.Topic(topics.of_queue(name, counting.SERVICE), partitions=1)
    letters = topics.Topic(topics.of_dead_letter(name, counting.SERVICE))
    inboxes = [topics.Topic(topics.of_inbox(name, each)) for each in ("tests", "counting")]
    topics.create(broker.bootstrap_servers, [queue, letters, *inboxes])
    return name


class Measured:
    """The service, run as its users run it, and what it says of itself."""

    def __init__(self, servers: str, lane: str, logs: Path) -> None:
        self.settings = {"TANDEM_KAFKA_BOOTSTRAP_SERVERS": servers, "TANDEM_LANE": lane}
        self.logs = logs
        self.service = self.process("3600")

    def process(self, wait: str) -> Service:
        """A process of the service, whose waiting requests take so many seconds."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        settings = {**self.settings, "TANDEM_WAIT": wait}
        return Service("counting", counting.__name__, port, settings, self.logs)

    def start(self) -> None:
        self.service.start()
        self.service.wait_until_healthy()

    def value(self, name: str, **labels: str) -> float:
        """A sample now; 0 when there is none."""
        answer = httpx.get(f"http://127.0.0.1:{self.service.port}/metrics", timeout=20)
        found = [
            sample.value
            for family in text_string_to_metric_families(answer.raise_for_status().text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found)

    async def until(self, name: str, least: float, **labels: str) -> None:
        """Wait until a sample is not less."""
        await self._until(lambda value: value >= least, name, labels)

    async def until_it_falls(self, name: str, to: float, **labels: str) -> None:
        """Wait until a sample is this."""
        await self._until(lambda value: value == to, name, labels)

    async def _until(
        self, reached: Callable[[float], bool], name: str, labels: Mapping[str, str]
    ) -> None:
        deadline = time.monotonic() + 20
        while not reached(value := self.value(name, **labels)):
            assert time.monotonic() < deadline, f"{name} {labels} stays {value}"
            await asyncio.sleep(0.1)


@pytest.fixture
def measured(broker: kafka.Kafka, lane: str, tmp_path: Path) -> Iterator[Measured]:
    made = Measured(broker.bootstrap_servers, lane, tmp_path)
    made.start()
    yield made
    made.service.kill()


@pytest.fixture
async def count(broker: kafka.Kafka, lane: str) -> AsyncIterator[Method]:
    endpoint = Endpoint(broker.bootstrap_servers, lane, "tests")
    async with aio.channel(endpoint) as channel:
        yield channel.unary_unary(f"/{counting.SERVICE}/Count")


async def test_calls_are_counted_by_their_status(measured: Measured, count: Method) -> None:
    for _ in range(3):
        assert await count(b"x", timeout=30) == b"x"
    with pytest.raises(grpc.aio.AioRpcError):
        await count(b"missing", timeout=30)
    labels = {"rpc_service": counting.SERVICE, "rpc_method": "Count"}
    assert measured.value(SERVED, **labels, rpc_grpc_status_code="0") == 3
    assert measured.value(SERVED, **labels, rpc_grpc_status_code="5") == 1
    assert measured.value("process_resident_memory_bytes") > 0


async def test_what_waits_is_seen_and_what_a_killed_process_had_is_counted_by_the_next(
    measured: Measured, count: Method
) -> None:
    calls = [count(b"wait", timeout=90)]
    await measured.until("grpc_kafka_in_flight", 1, side="server")
    await measured.until("grpc_kafka_queue_lag", 0, rpc_service=counting.SERVICE)
    calls += [count(b"wait", timeout=90) for _ in range(2)]
    await measured.until("grpc_kafka_waiting", 1)
    await asyncio.sleep(1.5)  # by now it takes nothing more
    calls += [count(b"wait", timeout=90) for _ in range(10)]
    await measured.until("grpc_kafka_queue_lag", 10, rpc_service=counting.SERVICE)
    measured.service.kill()
    measured.service = measured.process("0")
    measured.start()
    await asyncio.gather(*calls)
    assert measured.value(EVENTS, side="server", event="redelivered") == len(calls)
    assert measured.value(SERVED, rpc_grpc_status_code="0") == len(calls)
    await measured.until_it_falls("grpc_kafka_queue_lag", 0, rpc_service=counting.SERVICE)
    await measured.until_it_falls("grpc_kafka_in_flight", 0, side="server")


async def test_garbage_is_counted_as_malformed_and_dead_lettered(
    measured: Measured, count: Method, lane: str, broker: kafka.Kafka
) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for _ in range(2):
        producer.produce(topics.of_queue(lane, counting.SERVICE), b"\xff garbage")
    assert producer.flush(10) == 0
    assert await count(b"x", timeout=30) == b"x"
    await measured.until(EVENTS, 2, side="server", event="dead_lettered")
    assert measured.value(EVENTS, side="server", event="malformed") == 2


async def test_a_request_past_its_deadline_is_counted_as_expired(
    measured: Measured, count: Method
) -> None:
    measured.service.stop()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await count(b"x", timeout=0.5)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    measured.start()
    await measured.until(EVENTS, 1, side="server", event="expired")
