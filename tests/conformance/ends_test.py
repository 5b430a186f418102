"""Cancellation, deadlines, and who is told of the end of a call."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator

import grpc
import pytest

from tests.conformance.transports import Arity, Behaviour, Context, Transport, begin, end_of, until


class Waiting:
    """A handler that never ends of itself; it may answer once before it waits."""

    def __init__(self, arity: Arity, *, answers: int = 0) -> None:
        self.arity = arity
        self.answers = answers
        self.contexts: list[Context] = []
        self.cancelled = 0
        self.told: list[object] = []

    @property
    def behaviour(self) -> Behaviour:
        async def once(_request: object, context: Context) -> bytes:
            await self._wait(context)
            return b""

        async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
            for _ in range(self.answers):
                yield b"answer"
            await self._wait(context)

        return stream if self.arity.response_streaming else once

    async def _wait(self, context: Context) -> None:
        context.add_done_callback(self.told.append)
        self.contexts.append(context)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_cancel_reaches_the_handler(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity)
    assert await until(lambda: bool(waiting.contexts))
    assert not waiting.contexts[0].cancelled()
    assert not waiting.contexts[0].done()

    assert call.cancel()
    assert call.cancelled()
    assert call.done()
    assert not call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details() == "Locally cancelled by application!"
    assert await until(lambda: bool(waiting.cancelled))
    assert waiting.cancelled == 1
    assert await until(lambda: len(waiting.told) == 1)
    # In grpc.aio both stay False after a client's cancellation, whatever is documented.
    ours = transport.name == "grpc_kafka"
    assert (waiting.contexts[0].cancelled(), waiting.contexts[0].done()) == (ours, ours)


async def test_cancel_before_the_call_left_ends_it(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity)
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)
    assert await call.code() is grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("of", [Arity.UNARY_STREAM, Arity.STREAM_STREAM], ids=str)
async def test_cancel_after_the_first_answer_reaches_the_handler(
    transport: Transport, of: Arity
) -> None:
    waiting = Waiting(of, answers=1)
    await transport.serve({of: waiting.behaviour})
    call = getattr(transport.channel(), of)(of.path)(*([] if of.request_streaming else [b""]))
    assert await call.read() == b"answer"
    assert await until(lambda: bool(waiting.contexts))
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call.read()
    assert await until(lambda: bool(waiting.cancelled))


async def test_cancelling_who_awaits_cancels_the_call(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity)
    task = asyncio.create_task(end_of(call))
    assert await until(lambda: bool(waiting.contexts))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call.cancelled()
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await until(lambda: bool(waiting.cancelled))


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_cancelling_who_waits_for_code_leaves_the_call(
    transport: Transport, of: Arity
) -> None:
    waiting = Waiting(of)
    await transport.serve({of: waiting.behaviour})
    call = begin(transport.channel(), of)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.code(), 0.1)
    assert not call.done()
    call.cancel()


async def test_cancel_after_the_end_changes_nothing(transport: Transport, arity: Arity) -> None:
    async def once(_request: object, _context: Context) -> bytes:
        return b"answer"

    async def stream(_request: object, _context: Context) -> AsyncIterator[bytes]:
        yield b"answer"

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    await end_of(call)
    assert not call.cancel()
    assert not call.cancelled()
    assert await call.code() is grpc.StatusCode.OK


async def test_a_call_that_nobody_holds_is_cancelled(transport: Transport) -> None:
    if transport.name == "grpc.aio":
        pytest.skip("it goes on there for as long as this test would wait")
    waiting = Waiting(Arity.UNARY_STREAM, answers=1)
    method = await transport.unary_stream(waiting.behaviour)
    call = method(b"")
    assert await call.read() == b"answer"
    assert await until(lambda: bool(waiting.contexts))
    del call
    gc.collect()
    assert await until(lambda: bool(waiting.cancelled))


async def test_a_handler_may_catch_its_cancellation(transport: Transport) -> None:
    cleaned = asyncio.Event()

    async def handler(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        try:
            yield b"answer"
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    call = (await transport.unary_stream(handler))(b"")
    assert await call.read() == b"answer"
    call.cancel()
    await asyncio.wait_for(cleaned.wait(), 5)


async def test_a_deadline_ends_both_sides(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity, timeout=1)
    began = time.monotonic()
    assert await end_of(call) == ([], grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
    assert 0.8 < time.monotonic() - began < 10
    assert not call.cancelled()
    assert await until(lambda: bool(waiting.cancelled))
    assert await until(lambda: len(waiting.told) == 1)


@pytest.mark.parametrize("seconds", [0.001, 0.0, -1.0])
async def test_a_deadline_that_is_over_at_once_ends_the_call(
    transport: Transport, arity: Arity, seconds: float
) -> None:
    if transport.name == "grpc.aio" and arity.request_streaming:
        pytest.skip("a race there: a write that meets the end is INTERNAL, or cancels the call")
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity, timeout=seconds)
    assert (await end_of(call)).code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_deadline_keeps_the_messages_before_it(transport: Transport) -> None:
    waiting = Waiting(Arity.UNARY_STREAM, answers=2)
    method = await transport.unary_stream(waiting.behaviour)
    ended = await end_of(method(b"", timeout=2))
    assert ended[:2] == ([b"answer"] * 2, grpc.StatusCode.DEADLINE_EXCEEDED)


async def test_both_sides_know_the_time_remaining(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity, timeout=10)
    assert await until(lambda: bool(waiting.contexts))
    assert 5 < (call.time_remaining() or 0) <= 10
    assert 5 < (waiting.contexts[0].time_remaining() or 0) <= 11
    call.cancel()


async def test_without_a_deadline_no_time_is_remaining(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity)
    assert await until(lambda: bool(waiting.contexts))
    assert call.time_remaining() is None
    assert waiting.contexts[0].time_remaining() is None
    call.cancel()


async def test_callbacks_of_a_call_get_it_when_it_ends(transport: Transport, arity: Arity) -> None:
    async def once(_request: object, _context: Context) -> bytes:
        return b"answer"

    async def stream(_request: object, _context: Context) -> AsyncIterator[bytes]:
        yield b"answer"

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    told: list[object] = []
    call.add_done_callback(told.append)
    assert told == []
    await end_of(call)
    assert await until(lambda: told == [call])
    call.add_done_callback(told.append)
    assert await until(lambda: told == [call, call])


async def test_callbacks_of_a_cancelled_call_are_called(transport: Transport, arity: Arity) -> None:
    waiting = Waiting(arity)
    await transport.serve({arity: waiting.behaviour})
    call = begin(transport.channel(), arity)
    told: list[object] = []
    call.add_done_callback(told.append)
    assert await until(lambda: bool(waiting.contexts))
    call.cancel()
    assert await until(lambda: told == [call])


async def test_callbacks_of_a_context_get_it_when_it_ends(
    transport: Transport, arity: Arity
) -> None:
    told: list[tuple[object, bool, bool]] = []
    contexts: list[Context] = []

    def note(context: Context) -> None:
        told.append((context, context.done(), context.cancelled()))

    async def once(_request: object, context: Context) -> bytes:
        contexts.append(context)
        context.add_done_callback(note)
        context.add_done_callback(note)
        return b"answer"

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    await end_of(begin(transport.channel(), arity))
    assert await until(lambda: len(told) == 2)
    assert [(done, cancelled) for _, done, cancelled in told] == [(True, False)] * 2
    assert told[0][0] is contexts[0]


async def test_callbacks_of_a_context_are_called_after_abort(
    transport: Transport, arity: Arity
) -> None:
    told: list[object] = []

    async def once(_request: object, context: Context) -> bytes:
        context.add_done_callback(told.append)
        await context.abort(grpc.StatusCode.ABORTED, "no")
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    await end_of(begin(transport.channel(), arity))
    assert await until(lambda: len(told) == 1)


async def test_peer_and_identity_are_known_to_the_handler(
    transport: Transport, arity: Arity
) -> None:
    seen: list[object] = []

    async def once(_request: object, context: Context) -> bytes:
        identity = (context.peer_identities(), context.peer_identity_key())
        seen.extend((context.peer(), identity))
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    await end_of(begin(transport.channel(), arity))
    peer, identity = seen
    # What a peer is called depends on how it is reached.
    assert (
        str(peer).partition(":")[0] == {"grpc.aio": "ipv4", "grpc_kafka": "kafka"}[transport.name]
    )
    assert identity == (None, None)
