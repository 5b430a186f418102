"""Servers that stop and channels that close while calls are under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.conformance.ends_test import Waiting
from tests.conformance.transports import EOF, Arity, Context, Transport, begin, end_of, until


async def _slow(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
    yield b"1"
    await asyncio.sleep(0.3)
    yield b"2"


async def test_a_stream_may_end_within_the_servers_grace(transport: Transport) -> None:
    server = await transport.serve({Arity.UNARY_STREAM: _slow})
    call = getattr(transport.channel(), Arity.UNARY_STREAM)(Arity.UNARY_STREAM.path)(b"")
    assert await call.read() == b"1"
    await server.stop(5)
    assert await call.read() == b"2"
    assert await call.read() is EOF
    assert await call.code() is grpc.StatusCode.OK


@pytest.mark.parametrize("grace", [None, 0.2])
async def test_a_stream_ends_unavailable_when_its_server_stops(
    transport: Transport, grace: float | None
) -> None:
    waiting = Waiting(Arity.UNARY_STREAM, answers=1)
    server = await transport.serve({Arity.UNARY_STREAM: waiting.behaviour})
    call = getattr(transport.channel(), Arity.UNARY_STREAM)(Arity.UNARY_STREAM.path)(b"")
    assert await call.read() == b"answer"
    assert await until(lambda: bool(waiting.contexts))
    began = time.monotonic()
    await server.stop(grace)
    assert time.monotonic() - began < 10
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(call.read(), 5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert await until(lambda: waiting.cancelled == 1)


async def test_a_server_may_be_stopped_twice_and_waited_for(transport: Transport) -> None:
    server = await transport.serve({Arity.UNARY_STREAM: _slow})
    assert await server.wait_for_termination(0.01) in (True, False)
    waiting = asyncio.create_task(server.wait_for_termination())
    await server.stop(None)
    await server.stop(1)
    await asyncio.wait_for(waiting, 5)


async def test_closing_a_channel_cancels_its_calls(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    channel = transport.channel()
    call = begin(channel, arity)
    assert await until(lambda: bool(waiting.contexts))
    await channel.close()
    assert call.done()
    assert call.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await until(lambda: waiting.cancelled == 1)


async def test_closing_a_channel_cancels_calls_that_have_just_begun(
    transport: Transport, arity: Arity
) -> None:
    await transport.serve({arity: Waiting(arity).behaviour})
    channel = transport.channel()
    calls = [begin(channel, arity) for _ in range(3)]
    await channel.close()
    assert all(call.cancelled() for call in calls)
    for call in calls:
        with pytest.raises(asyncio.CancelledError):
            await end_of(call)


async def test_closing_a_channel_with_grace_lets_calls_end(transport: Transport) -> None:
    await transport.serve({Arity.UNARY_STREAM: _slow})
    channel = transport.channel()
    call = begin(channel, Arity.UNARY_STREAM)
    reading = asyncio.create_task(end_of(call))
    await asyncio.sleep(0.1)
    await channel.close(5)
    assert await reading == ([b"1", b"2"], grpc.StatusCode.OK, "")


async def test_a_closed_channel_begins_no_calls(transport: Transport, arity: Arity) -> None:
    await transport.serve({Arity.UNARY_STREAM: _slow})
    channel = transport.channel()
    await channel.close()
    await channel.close()
    with pytest.raises(grpc.aio.UsageError):
        begin(channel, arity)
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_channel_is_closed_by_its_context(transport: Transport) -> None:
    await transport.serve({Arity.UNARY_STREAM: _slow})
    async with transport.channel() as channel:
        call = begin(channel, Arity.UNARY_STREAM)
        assert (await end_of(call)).messages == [b"1", b"2"]
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_channel_becomes_ready(transport: Transport) -> None:
    await transport.serve({Arity.UNARY_STREAM: _slow})
    channel = transport.channel()
    assert channel.get_state() is grpc.ChannelConnectivity.IDLE
    await asyncio.wait_for(channel.channel_ready(), 5)
    assert channel.get_state() is grpc.ChannelConnectivity.READY


async def test_asking_to_connect_gives_the_state_before(transport: Transport) -> None:
    await transport.serve({Arity.UNARY_STREAM: _slow})
    channel = transport.channel()
    assert channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.IDLE
    waited = channel.wait_for_state_change(grpc.ChannelConnectivity.IDLE)
    await asyncio.wait_for(waited, 5)
    assert channel.get_state() is not grpc.ChannelConnectivity.IDLE


async def test_closing_a_channel_wakes_who_waits_for_its_state(transport: Transport) -> None:
    channel = transport.channel()
    idle = grpc.ChannelConnectivity.IDLE
    waiting = asyncio.create_task(channel.wait_for_state_change(idle))
    await asyncio.sleep(0)
    await channel.close()
    await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize("last", [grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.SHUTDOWN])
async def test_a_closed_channel_has_no_state_to_wait_for(
    transport: Transport, last: grpc.ChannelConnectivity
) -> None:
    channel = transport.channel()
    await channel.close()
    with pytest.raises(grpc.aio.UsageError):
        await asyncio.wait_for(channel.wait_for_state_change(last), 5)
    with pytest.raises(grpc.aio.UsageError):
        await asyncio.wait_for(channel.channel_ready(), 5)


async def test_a_negative_grace_of_a_channel_is_refused(transport: Transport) -> None:
    channel = transport.channel()
    with pytest.raises(ValueError, match="non-negative"):
        await channel.close(-1)


async def test_calls_of_a_dropped_channel_go_on(transport: Transport) -> None:
    method = await transport.unary_stream(_slow)
    assert (await end_of(method(b""))).messages == [b"1", b"2"]
