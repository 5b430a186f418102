"""Clocks of calls on asyncio: how long one takes alone, and how many go through at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from benchmarks.measured.messages import MESSAGE, check, distinct

type Call = Callable[[bytes], Awaitable[bytes]]
"""One call; raises when it was not answered in `messages.TIMEOUT` seconds."""

type Orders = Mapping[str, Callable[..., Awaitable[object]]]
"""What a client can be told to do, by name; takes numbers, returns what JSON can carry."""


async def alone(call: Call, seconds: float) -> list[float]:
    """Call again and again for so long; return the seconds that each took."""
    latencies = []
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        check(await call(MESSAGE))
        latencies.append(time.perf_counter() - start)
    return latencies


async def together(call: Call, in_flight: int, seconds: float) -> tuple[int, float]:
    """Keep so many calls in flight for so long; return how many were answered in what time."""
    start = time.perf_counter()
    done = 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < start + seconds:
            check(await call(MESSAGE))
            done += 1

    async with asyncio.TaskGroup() as callers:
        for _ in range(in_flight):
            callers.create_task(caller())
    return done, time.perf_counter() - start


async def each_its_own(call: Call, number: int) -> int:
    """Make so many calls at once, each with a message of its own; return how many were right."""

    async def one(message: bytes) -> None:
        check(await call(message), message)

    async with asyncio.TaskGroup() as callers:
        for each in range(number):
            callers.create_task(one(distinct(each)))
    return number


def orders(call: Call) -> Orders:
    """What every client on asyncio does."""
    return {
        "first": lambda: each_its_own(call, 1),
        "each_its_own": lambda number: each_its_own(call, int(number)),
        "alone": lambda seconds: alone(call, seconds),
        "together": lambda in_flight, seconds: together(call, int(in_flight), seconds),
    }
