"""Clocks of streams: how many messages a second go through one, in each direction and in both."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import grpc

from benchmarks.measured.clocks import Orders
from benchmarks.measured.messages import MESSAGE
from benchmarks.transport.echo import COUNT, EXCHANGE, POUR

type _Run = Callable[[grpc.aio.Channel, int], Awaitable[int]]

TIMEOUT = 60.0
"""Seconds that a stream may take."""

DIRECTIONS = {"pour": "server → client", "count": "client → server", "exchange": "both ways"}
"""Orders, and what they measure; the last counts the messages of one direction."""


class CountMismatchError(Exception):
    """A stream did not carry as many messages as were sent."""


def orders(channel: grpc.aio.Channel) -> Orders:
    """What a client with this channel can do; each takes a number of messages, returns seconds."""
    return {
        "pour": lambda number: _timed(_pour, channel, int(number)),
        "count": lambda number: _timed(_count, channel, int(number)),
        "exchange": lambda number: _timed(_exchange, channel, int(number)),
    }


async def _timed(run: _Run, channel: grpc.aio.Channel, number: int) -> float:
    start = time.perf_counter()
    carried = await run(channel, number)
    if carried != number:
        raise CountMismatchError(f"{carried} messages of {number}")
    return time.perf_counter() - start


async def _pour(channel: grpc.aio.Channel, number: int) -> int:
    method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(POUR)
    return await _number_of(method(b"%d" % number, timeout=TIMEOUT))


async def _count(channel: grpc.aio.Channel, number: int) -> int:
    method: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(COUNT)
    return int(await method(_messages(number), timeout=TIMEOUT))


async def _exchange(channel: grpc.aio.Channel, number: int) -> int:
    method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(EXCHANGE)
    return await _number_of(method(_messages(number), timeout=TIMEOUT))


async def _messages(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield MESSAGE


async def _number_of(answers: AsyncIterable[bytes]) -> int:
    count = 0
    async for _ in answers:
        count += 1
    return count
