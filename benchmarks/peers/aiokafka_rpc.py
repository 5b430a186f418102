"""Request and reply on aiokafka, written as well as we can: what a good engineer would do by hand.

Requests go to a topic that a group reads; each names its caller's topic and carries a correlation
id in headers. The caller reads its own topic, of one partition, by `assign`, and has a future for
each id. Nothing is awaited on the way that need not be.

`... bare` loses calls: positions are committed whether or not calls were answered, nobody looks at
acknowledgements. `... kept` keeps what gRPC over Kafka keeps: a request is done when its reply was
acknowledged, and producers are idempotent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from benchmarks.measured import asynchronous, clocks
from benchmarks.measured.clocks import Call
from benchmarks.measured.messages import TIMEOUT

type Record = ConsumerRecord[bytes, bytes]

KEPT = "kept"
"""The address's last part, where nothing may be lost."""

_BATCH = 1000
_COMMIT_SECONDS = 0.2
_WAIT_MS = 1000
_CORRELATION = "correlation-id"
_REPLY_TO = "reply-to"


class _Server:
    """Answers requests, each by a task of its own, as for handlers that wait for something."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, *, kept: bool
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._kept = kept
        self._begun: dict[TopicPartition, deque[tuple[int, asyncio.Task[None]]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def take(self) -> None:
        """Begin to answer what comes."""
        while True:
            batches = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
            for partition, records in batches.items():
                for record in records:
                    self._begin(partition, record)

    async def commit(self) -> None:
        """Commit what was answered, up to the first record that was not yet."""
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            ends = {partition: self._answered(partition) for partition in self._begun}
            offsets = {partition: end for partition, end in ends.items() if end is not None}
            if offsets:
                await self._consumer.commit(offsets)

    def _begin(self, partition: TopicPartition, record: Record) -> None:
        task = asyncio.create_task(self._echo(record))
        if self._kept:
            self._begun.setdefault(partition, deque()).append((record.offset, task))
        else:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _echo(self, record: Record) -> None:
        headers = dict(record.headers)
        acknowledged = await self._producer.send(
            headers[_REPLY_TO].decode(),
            record.value,
            headers=[(_CORRELATION, headers[_CORRELATION])],
        )
        if self._kept:
            await acknowledged

    def _answered(self, partition: TopicPartition) -> int | None:
        begun, end = self._begun[partition], None
        while begun and begun[0][1].done():
            end = begun.popleft()[0] + 1
        return end


@asynccontextmanager
async def _serve(bootstrap: str, requests: str, _replies: str, keeping: str) -> AsyncIterator[None]:
    kept = keeping == KEPT
    consumer = AIOKafkaConsumer(
        requests,
        bootstrap_servers=bootstrap,
        group_id=requests,
        auto_offset_reset="earliest",
        enable_auto_commit=not kept,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, enable_idempotence=kept)
    async with consumer, producer:
        server = _Server(consumer, producer, kept=kept)
        working = [asyncio.create_task(server.take()), asyncio.create_task(server.commit())]
        yield
        for task in working:
            task.cancel()


@asynccontextmanager
async def _connect(
    bootstrap: str, requests: str, replies: str, keeping: str
) -> AsyncIterator[Call]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=0, enable_idempotence=keeping == KEPT
    )
    waiting: dict[bytes, asyncio.Future[bytes]] = {}
    reply_to = (_REPLY_TO, replies.encode())
    count = 0

    async def take() -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
            for records in batches.values():
                for record in records:
                    future = waiting.get(dict(record.headers)[_CORRELATION])
                    if future is not None and not future.done():
                        future.set_result(record.value or b"")

    async def call(message: bytes) -> bytes:
        nonlocal count
        count += 1
        identity = b"%d" % count
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting[identity] = future
        try:
            async with asyncio.timeout(TIMEOUT):
                await producer.send(requests, message, headers=[(_CORRELATION, identity), reply_to])
                return await future
        finally:
            del waiting[identity]

    async with consumer, producer:
        inbox = TopicPartition(replies, 0)
        consumer.assign([inbox])
        await consumer.seek_to_end(inbox)
        taking = asyncio.create_task(take())
        yield call
        taking.cancel()


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, clocks.orders)
