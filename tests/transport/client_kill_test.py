"""Clients are killed in mid-call on Apache Kafka; their servers go on, and keep nothing of them."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import grpc

from grpc_kafka.aio import server
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.aio._server_stream import ServerStream
from tests.transport import doomed_client
from tests.transport.conftest import SERVICE
from tests.transport.processes import running
from tests.transport.talking import Talk, both_method
from tests.transport.waiting import STALL, until, until_committed

if TYPE_CHECKING:
    from tests.transport.conftest import Lane

type Context = grpc.aio.ServicerContext[bytes, bytes]

_DEADLINE = 8.0
_SILENCE = 12.0
_ROUNDS = 3


class Works:
    """A handler that waits to be let go on, and notes how its runs end."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.begun: list[bytes] = []
        self.ended: list[bytes] = []
        self.cancelled: list[bytes] = []
        self.go_on = asyncio.Event()

    async def __call__(self, request: bytes, _context: Context) -> bytes:
        self.begun.append(request)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise
        self.ended.append(request)
        return request


def _held() -> Counter[str]:
    """What a server keeps of calls."""
    gc.collect()
    return Counter(
        type(each).__name__ for each in gc.get_objects() if isinstance(each, (Rpc, ServerStream))
    )


async def _kill_a_client(lane: Lane, name: str, works: Works) -> float:
    """Kill one in the midst of its calls and streams; says when."""
    async with running(doomed_client, lane.endpoint, name, str(_DEADLINE)) as client:
        assert client.stdout is not None
        assert await asyncio.wait_for(client.stdout.readline(), 40) == b"open\n"
        await until(lambda: len(works.begun) == 8)
        client.kill()
        return time.monotonic()


async def test_a_killed_client_leaves_nothing_at_the_server(apache_lane: Lane) -> None:
    works, talk = Works(), Talk()
    made = server(apache_lane.endpoint)
    once: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(works)
    made.add_registered_method_handlers(SERVICE, {"Call": once, "Talk": both_method(talk)})
    await made.start()
    apache_lane.closing.append(lambda: made.stop(None))
    tasks, threads = set[asyncio.Task[object]](), 0
    for turn in range(_ROUNDS):
        works.forget()
        killed = await _kill_a_client(apache_lane, f"client{turn}", works)
        await until(lambda: len(talk.cancelled) == len(talk.begun), _SILENCE + STALL)
        silent = time.monotonic() - killed
        await until(lambda: len(works.cancelled) == 4, _DEADLINE + STALL)
        # Nothing tells the server of the others: they have no deadline, and are finished.
        assert len(works.begun) == 8
        works.go_on.set()
        await until(lambda: len(works.ended) == 4)
        sys.stdout.write(f"streams cancelled {silent:.1f} s after kill -9\n")
        await until(lambda: not _held())
        if turn == 0:
            tasks, threads = asyncio.all_tasks(), threading.active_count()
    await until(lambda: asyncio.all_tasks() <= tasks)
    await until(lambda: threading.active_count() <= threads)
    assert made.counters.unsent == 0
    await until_committed(apache_lane)
