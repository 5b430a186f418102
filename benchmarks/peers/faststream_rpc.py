"""The recipe of FastStream's documentation for request and reply over Kafka.

It is "Kafka RPC Requests": the handler's result goes to the topic that a request names as
`reply_to`; the caller subscribes to that topic and finds the future by the correlation id. Beyond
the recipe the handler may run as often at once as there are calls in flight (one at a time is its
default), and nothing is logged (two lines a message are its default).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.measured import asynchronous, clocks
from benchmarks.measured.clocks import Call
from benchmarks.measured.messages import TIMEOUT

_WORKERS = 512


@asynccontextmanager
async def _serve(bootstrap: str, requests: str, _replies: str) -> AsyncIterator[None]:
    broker = KafkaBroker(bootstrap, logger=None)

    @broker.subscriber(
        requests, group_id=requests, auto_offset_reset="earliest", max_workers=_WORKERS
    )
    async def echo(message: bytes) -> bytes:
        return message

    async with broker:
        await broker.start()
        yield


@asynccontextmanager
async def _connect(bootstrap: str, requests: str, replies: str) -> AsyncIterator[Call]:
    broker = KafkaBroker(bootstrap, logger=None)
    responses: dict[str, asyncio.Future[bytes]] = {}

    @broker.subscriber(replies, auto_offset_reset="latest")
    async def handle_responses(message: KafkaMessage) -> None:
        if future := responses.pop(message.correlation_id or "", None):
            future.set_result(message.body)

    async def call(message: bytes) -> bytes:
        identity = str(uuid4())
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        responses[identity] = future
        await broker.publish(message, requests, reply_to=replies, correlation_id=identity)
        try:
            return await asyncio.wait_for(future, TIMEOUT)
        finally:
            responses.pop(identity, None)

    async with broker:
        await broker.start()
        yield call


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, clocks.orders)
