"""Request and reply on aiokafka, written as well as we can: what a good engineer would do by hand.

Requests go to a topic that a group reads; each names its caller's topic and carries a correlation
id in headers. The caller reads its own topic, of one partition, by `assign`, and has a future for
each id. Nothing is awaited on the way that need not be: neither side waits for acknowledgements.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from benchmarks.measured import asynchronous, clocks
from benchmarks.measured.clocks import Call
from benchmarks.measured.messages import TIMEOUT

type Record = ConsumerRecord[bytes, bytes]

_BATCH = 1000
_WAIT_MS = 1000
_CORRELATION = "correlation-id"
_REPLY_TO = "reply-to"


@asynccontextmanager
async def _serve(bootstrap: str, requests: str, _replies: str) -> AsyncIterator[None]:
    consumer = AIOKafkaConsumer(
        requests, bootstrap_servers=bootstrap, group_id=requests, auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
    running: set[asyncio.Task[None]] = set()

    async def echo(record: Record) -> None:
        headers = dict(record.headers)
        await producer.send(
            headers[_REPLY_TO].decode(),
            record.value,
            headers=[(_CORRELATION, headers[_CORRELATION])],
        )

    async def take() -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=_WAIT_MS, max_records=_BATCH)
            for records in batches.values():
                for record in records:
                    # A task each, as for handlers that wait for something.
                    task = asyncio.create_task(echo(record))
                    running.add(task)
                    task.add_done_callback(running.discard)

    async with consumer, producer:
        taking = asyncio.create_task(take())
        yield
        taking.cancel()


@asynccontextmanager
async def _connect(bootstrap: str, requests: str, replies: str) -> AsyncIterator[Call]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0)
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
