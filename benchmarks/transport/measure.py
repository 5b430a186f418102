"""Clocks of a unary method: how long one call takes alone, and how many go through at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import grpc

MESSAGE = bytes(100)
"""What is sent, and answered: 100 bytes."""

IN_FLIGHT = 128
"""Calls at once when throughput is measured."""

TIMEOUT = 20.0
"""Seconds that a call may take."""

type Method = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@dataclass(slots=True)
class Figures:
    """What was measured of one transport, over all rounds.

    Attributes:
        latencies: seconds of single calls, one in flight.
        throughputs: calls in a second with `IN_FLIGHT` in flight, one number a round.
    """

    latencies: list[float] = field(default_factory=list)
    throughputs: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """The latency that so many percent of calls did not exceed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000

    @property
    def throughput(self) -> float:
        """The middle round's calls in a second."""
        return sorted(self.throughputs)[len(self.throughputs) // 2]


async def measure(method: Method, figures: Figures, seconds: float) -> None:
    """Add one round of so many seconds to the figures, half of it for each measurement."""
    await _alone(method, figures, time.perf_counter() + seconds / 2)
    await _together(method, figures, seconds / 2)


async def _alone(method: Method, figures: Figures, end: float) -> None:
    while (start := time.perf_counter()) < end:
        await method(MESSAGE, timeout=TIMEOUT)
        figures.latencies.append(time.perf_counter() - start)


async def _together(method: Method, figures: Figures, seconds: float) -> None:
    start = time.perf_counter()
    done = 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < start + seconds:
            await method(MESSAGE, timeout=TIMEOUT)
            done += 1

    await asyncio.gather(*[caller() for _ in range(IN_FLIGHT)])
    figures.throughputs.append(done / (time.perf_counter() - start))
