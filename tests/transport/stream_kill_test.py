"""Processes with streams are killed in mid-stream on Apache Kafka."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.transport import stream_client, stream_server
from tests.transport.conftest import SERVICE
from tests.transport.processes import running
from tests.transport.waiting import STALL, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.transport.conftest import Handler, Lane
    from tests.transport.talking import Context, Stream, Streaming

_SOON = 12.0
"""Silence of 8 s is looked for every 2 s."""


class Notes:
    """A handler that answers, waits, and notes which streams began and were cancelled."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.cancelled: list[bytes] = []

    async def __call__(
        self, requests: AsyncIterator[bytes], _context: Context
    ) -> AsyncIterator[bytes]:
        name = await anext(requests)
        self.begun.append(name)
        yield b"second"
        try:
            async for request in requests:
                yield request
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise


def _handler(behaviour: Notes) -> Handler:
    handler: Handler = grpc.stream_stream_rpc_method_handler(behaviour)
    return handler


def _method(lane: Lane) -> Streaming:
    method: Streaming = lane.channel().stream_stream(f"/{SERVICE}/Call")
    return method


async def _open(method: Streaming, name: bytes) -> tuple[Stream, object]:
    call = method(timeout=60)
    await call.write(name)
    return call, await call.read()


async def _is_lost(call: Stream) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.details() == "the server's process fell silent"


async def test_streams_of_a_killed_server_end_unavailable_and_are_not_begun_again(
    apache_lane: Lane, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    method = _method(apache_lane)
    async with running(stream_server, apache_lane.endpoint, "first", str(runs)) as first:
        calls = [(await _open(method, b"lost %d" % number))[0] for number in range(8)]
        first.kill()
        killed = time.monotonic()
        async with running(stream_server, apache_lane.endpoint, "second", str(runs)):
            await asyncio.gather(*[_is_lost(call) for call in calls])
            took = time.monotonic() - killed
            # The queue's partitions are all served again: nothing of the lost streams is in them.
            after = await asyncio.gather(*[_open(method, b"new %d" % n) for n in range(16)])
    assert {said for _, said in after} == {b"second"}
    sys.stdout.write(f"UNAVAILABLE {took:.1f} s after kill -9\n")
    assert took < _SOON + STALL
    wanted = [f"first lost {n}" for n in range(8)] + [f"second new {n}" for n in range(16)]
    assert sorted(runs.read_text().splitlines()) == sorted(wanted)


async def test_a_stream_that_is_delivered_again_takes_no_room_from_others(
    apache_lane: Lane, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    method = _method(apache_lane)
    notes = Notes()
    async with running(stream_server, apache_lane.endpoint, "first", str(runs)) as first:
        await _open(method, b"warm")
        # Killed before what it has begun is committed; and their client forgets them.
        lost = await asyncio.gather(*[_open(method, b"lost %d" % number) for number in range(3)])
        first.kill()
    for call, _ in lost:
        call.cancel()
    await apache_lane.serve_with(_handler(notes), maximum_concurrent_rpcs=4)
    kept, said = await _open(method, b"kept")
    assert said == b"second"
    for number in range(8):
        call, said = await _open(method, b"new %d" % number)
        assert said == b"second"
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
    await kept.write(b"still")
    assert await kept.read() == b"still"
    assert notes.begun == [b"kept", *[b"new %d" % number for number in range(8)]]
    assert notes.cancelled == []


async def test_handlers_of_a_killed_client_are_cancelled_and_others_go_on(
    apache_lane: Lane,
) -> None:
    notes = Notes()
    await apache_lane.serve_with(_handler(notes))
    other, _ = await _open(_method(apache_lane), b"other")
    names = {b"a", b"b", b"c"}
    async with running(stream_client, apache_lane.endpoint, "a b c") as client:
        assert client.stdout is not None
        assert await asyncio.wait_for(client.stdout.readline(), 30) == b"open\n"
        client.kill()
        killed = time.monotonic()
        await until(lambda: set(notes.cancelled) == names, _SOON + STALL)
    sys.stdout.write(f"cancelled {time.monotonic() - killed:.1f} s after kill -9\n")
    await other.write(b"still here")
    assert await other.read() == b"still here"


async def test_streams_without_messages_outlast_the_silence_that_kills(apache_lane: Lane) -> None:
    await apache_lane.serve_with(_handler(Notes()))
    call, _ = await _open(_method(apache_lane), b"quiet")
    await asyncio.sleep(_SOON)
    await call.write(b"again")
    assert await call.read() == b"again"
