"""Requests of nats-py to a nats-server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.aio.msg import Msg

from benchmarks.measured import asynchronous, clocks
from benchmarks.measured.clocks import Call
from benchmarks.measured.messages import TIMEOUT

_SUBJECT = "echo"


@asynccontextmanager
async def _serve(url: str) -> AsyncIterator[None]:
    client = await nats.connect(url)

    async def echo(message: Msg) -> None:
        await message.respond(message.data)

    await client.subscribe(_SUBJECT, queue="echo", cb=echo)
    # So that the server knows of the subscription before anyone calls.
    await client.flush()
    yield
    await client.close()


@asynccontextmanager
async def _connect(url: str) -> AsyncIterator[Call]:
    client = await nats.connect(url)

    async def call(message: bytes) -> bytes:
        return (await client.request(_SUBJECT, message, timeout=TIMEOUT)).data

    yield call
    await client.close()


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, clocks.orders)
