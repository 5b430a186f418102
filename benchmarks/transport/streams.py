"""Clocks of streams: how many messages a second go through one, in each direction and in both."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field

import grpc

from benchmarks.transport.echo import COUNT, EXCHANGE, MESSAGE, POUR

MESSAGES = 10_000
"""Of one stream; one that goes both ways has as many in each direction."""

TIMEOUT = 60.0
"""Seconds that a stream may take."""

DIRECTIONS = ("server -> client", "client -> server", "both")
"""What is measured; `both` counts the messages of one direction."""


@dataclass(slots=True)
class Rates:
    """What was measured of one transport: messages a second by direction, one number a round."""

    of: dict[str, list[float]] = field(default_factory=lambda: {each: [] for each in DIRECTIONS})

    def middle(self, direction: str) -> float:
        """The middle round's messages in a second."""
        ordered = sorted(self.of[direction])
        return ordered[len(ordered) // 2]


class CountMismatchError(Exception):
    """A stream did not carry as many messages as were sent."""


async def measure(channel: grpc.aio.Channel, rates: Rates) -> None:
    """Add one stream of each direction to the rates.

    Raises:
        CountMismatchError: messages were lost.
    """
    for direction, run in zip(DIRECTIONS, (_pour, _count, _exchange), strict=True):
        start = time.perf_counter()
        carried = await run(channel)
        rates.of[direction].append(carried / (time.perf_counter() - start))
        if carried != MESSAGES:
            raise CountMismatchError(f"{direction}: {carried} of {MESSAGES}")


async def _pour(channel: grpc.aio.Channel) -> int:
    method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(POUR)
    return await _number_of(method(b"%d" % MESSAGES, timeout=TIMEOUT))


async def _count(channel: grpc.aio.Channel) -> int:
    method: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(COUNT)
    return int(await method(_messages(), timeout=TIMEOUT))


async def _exchange(channel: grpc.aio.Channel) -> int:
    method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(EXCHANGE)
    return await _number_of(method(_messages(), timeout=TIMEOUT))


async def _messages() -> AsyncIterator[bytes]:
    for _ in range(MESSAGES):
        yield MESSAGE


async def _number_of(answers: AsyncIterable[bytes]) -> int:
    count = 0
    async for _ in answers:
        count += 1
    return count
