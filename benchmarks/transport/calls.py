"""What a client of gRPC can be told to do, over whichever channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import grpc

from benchmarks.measured import clocks
from benchmarks.measured.clocks import Orders
from benchmarks.measured.messages import MESSAGE, TIMEOUT, check
from benchmarks.transport import streams
from benchmarks.transport.echo import CALL, HOLD, WORK

SLOW = 0.5
"""Seconds; calls that take longer are told one by one by `load`."""

_HOLD_TIMEOUT = 120.0

type Method = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


def orders(channel: grpc.aio.Channel) -> Orders:
    """The orders of `clocks` and of `streams`, and those of this module."""
    method: Method = channel.unary_unary(CALL)
    held = _Held(channel.unary_unary(HOLD))
    working: Method = channel.unary_unary(WORK)

    def call(message: bytes) -> Awaitable[bytes]:
        return method(message, timeout=TIMEOUT)

    return {
        **clocks.orders(call),
        **streams.orders(channel),
        "hold": held.begin,
        "held": held.number,
        "load": lambda in_flight, seconds: _load(working, int(in_flight), seconds),
    }


class _Held:
    """Calls whose handler takes its time."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._calls: list[grpc.aio.UnaryUnaryCall[bytes, bytes]] = []

    async def begin(self, number: float, seconds: float) -> int:
        """Begin so many calls that take so many seconds each; return how many there are."""
        message = b"%f" % seconds
        for _ in range(int(number)):
            self._calls.append(self._method(message, timeout=_HOLD_TIMEOUT))
            # The loop is free to send what was begun.
            await asyncio.sleep(0)
        return await self.number()

    async def number(self) -> int:
        """How many are not answered yet."""
        return sum(not call.done() for call in self._calls)


async def _load(method: Method, in_flight: int, seconds: float) -> dict[str, object]:
    """Keep so many calls in flight for so long.

    Returns:
        `answered` and `failed`, numbers; `slow`, begin and end of each call that took longer than
        `SLOW`, in seconds of this machine's monotonic clock.

    """
    answered = failed = 0
    slow: list[tuple[float, float]] = []
    end = time.monotonic() + seconds

    async def caller() -> None:
        nonlocal answered, failed
        while (start := time.monotonic()) < end:
            try:
                check(await method(MESSAGE, timeout=TIMEOUT))
            except grpc.aio.AioRpcError:
                failed += 1
            else:
                answered += 1
            if (now := time.monotonic()) > start + SLOW:
                slow.append((start, now))

    await asyncio.gather(*[caller() for _ in range(in_flight)])
    return {"answered": answered, "failed": failed, "slow": slow}
