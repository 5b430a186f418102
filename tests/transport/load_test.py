"""What a server on real brokers tells of its queue, and of a server that was killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.transport import echo_server
from tests.transport.conftest import SERVICE
from tests.transport.processes import running
from tests.transport.waiting import until, until_committed

if TYPE_CHECKING:
    import grpc

    from tests.transport.conftest import Lane

_CALLS = 30


class _Gate:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun = 0

    async def __call__(
        self, request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        self.begun += 1
        await self.open.wait()
        return request


async def test_the_lag_is_seen_while_a_server_takes_nothing(lane: Lane) -> None:
    gate = _Gate()
    server = await lane.serve(gate, maximum_concurrent_rpcs=1)
    method = lane.method()
    first = [method(b"x", timeout=60) for _ in range(3)]
    await until(lambda: gate.begun == 1 and server.load().waiting, 30)
    # It is paused by now, or soon: what comes from here on stays in Kafka.
    await asyncio.sleep(1.5)
    taken = server.load().waiting
    more = [method(b"y", timeout=60) for _ in range(_CALLS)]
    left = len(first) - 1 - taken + _CALLS
    await until(lambda: server.load().lag.get(SERVICE) == left, 30)
    assert server.load().in_flight == 1
    assert server.load().waiting == taken
    gate.open.set()
    await asyncio.gather(*first, *more)
    await until(lambda: server.load() == (0, 0, {SERVICE: 0}), 30)


async def test_what_a_killed_server_had_is_counted_by_the_next_one(apache_lane: Lane) -> None:
    method = apache_lane.method()
    async with running(echo_server, apache_lane.endpoint, "first", "3600") as first:
        assert await method(b"warm", timeout=30) == b"first:warm"
        await until_committed(apache_lane)
        calls = [method(b"slow%d" % number, timeout=60) for number in range(5)]
        assert first.stdout is not None
        for _ in calls:
            assert await asyncio.wait_for(first.stdout.readline(), 20) == b"begun\n"
        first.kill()
        await first.wait()
        gate = _Gate()
        gate.open.set()
        server = await apache_lane.serve(gate)
        assert await asyncio.gather(*calls) == [b"slow%d" % number for number in range(5)]
    assert server.counters.redelivered == len(calls)
