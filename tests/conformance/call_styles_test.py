"""Reading and writing as the client does it: in either style, at the wrong time, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from tests.conformance.transports import EOF, Arity, Context, Transport, begin, end_of, until


async def _echo(requests: AsyncIterator[bytes], _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def _join(requests: AsyncIterator[bytes], _context: Context) -> bytes:
    return b"".join([request async for request in requests])


async def _three(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
    for answer in (b"1", b"2", b"3"):
        yield answer


async def _refuse_stream(_request: object, context: Context) -> AsyncIterator[bytes]:
    yield b"one"
    await context.abort(grpc.StatusCode.ABORTED, "no more")


async def test_reading_after_iterating_is_refused(transport: Transport) -> None:
    call = (await transport.unary_stream(_three))(b"")
    assert await anext(aiter(call)) == b"1"
    with pytest.raises(grpc.aio.UsageError):
        await call.read()


async def test_iterating_after_reading_is_refused(transport: Transport) -> None:
    call = (await transport.unary_stream(_three))(b"")
    assert await call.read() == b"1"
    with pytest.raises(grpc.aio.UsageError):
        aiter(call)


async def test_writing_beside_an_iterator_is_refused(transport: Transport) -> None:
    both = (await transport.stream_stream(_echo))([b"x"])
    with pytest.raises(grpc.aio.UsageError):
        await both.write(b"y")
    with pytest.raises(grpc.aio.UsageError):
        await both.done_writing()
    assert [answer async for answer in both] == [b"x"]


async def test_writing_beside_an_iterator_is_refused_for_one_answer(transport: Transport) -> None:
    call = (await transport.stream_unary(_join))([b"x"])
    with pytest.raises(grpc.aio.UsageError):
        await call.write(b"y")
    assert await call == b"x"


async def test_writing_and_iterating_go_together(transport: Transport) -> None:
    call = (await transport.stream_stream(_echo))()
    await call.write(b"x")
    await call.done_writing()
    assert [answer async for answer in call] == [b"x"]


async def test_an_iterator_and_reading_go_together(transport: Transport) -> None:
    call = (await transport.stream_stream(_echo))([b"x"])
    assert await call.read() == b"x"
    assert await call.read() is EOF


async def test_an_iterator_goes_on_where_it_was_left(transport: Transport) -> None:
    call = (await transport.unary_stream(_three))(b"")
    async for answer in call:
        assert answer == b"1"
        break
    assert aiter(call) is aiter(call)


async def test_reads_past_the_end_are_eof(transport: Transport) -> None:
    call = (await transport.unary_stream(_three))(b"")
    reads = [await call.read() for _ in range(6)]
    assert reads == [b"1", b"2", b"3", EOF, EOF, EOF]
    assert await call.code() is grpc.StatusCode.OK


async def test_reads_past_an_error_raise_it_again(transport: Transport) -> None:
    call = (await transport.unary_stream(_refuse_stream))(b"")
    assert await call.read() == b"one"
    for _ in range(3):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert caught.value.code() is grpc.StatusCode.ABORTED
        assert caught.value.details() == "no more"


async def test_reading_a_cancelled_call_is_cancelled(transport: Transport) -> None:
    call = (await transport.unary_stream(_three))(b"")
    assert await call.read() == b"1"
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call.read()


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_writing_after_done_writing_is_an_invalid_state(
    transport: Transport, of: Arity
) -> None:
    await transport.serve({of: _echo if of.response_streaming else _join})
    call = getattr(transport.channel(), of)(of.path)()
    await call.write(b"x")
    await call.done_writing()
    with pytest.raises(asyncio.InvalidStateError):
        await call.write(b"y")
    assert (await end_of(call)).messages == [b"x"]


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_writing_after_the_end_is_an_invalid_state(transport: Transport, of: Arity) -> None:
    await transport.serve({of: _echo if of.response_streaming else _join})
    call = getattr(transport.channel(), of)(of.path)()
    await call.write(b"x")
    await call.done_writing()
    await end_of(call)
    with pytest.raises(asyncio.InvalidStateError) as caught:
        await call.write(b"y")
    assert str(caught.value) == "RPC already finished."


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_writing_after_cancel_is_an_invalid_state(transport: Transport, of: Arity) -> None:
    await transport.serve({of: _echo if of.response_streaming else _join})
    call = getattr(transport.channel(), of)(of.path)()
    await call.write(b"x")
    assert call.cancel()
    with pytest.raises(asyncio.InvalidStateError):
        await call.write(b"y")


async def test_done_writing_may_be_said_twice_and_after_the_end(transport: Transport) -> None:
    call = (await transport.stream_unary(_join))()
    await call.write(b"x")
    await call.done_writing()
    await call.done_writing()
    assert await call == b"x"
    await call.done_writing()


async def test_writing_to_a_call_that_the_server_ended_says_so(transport: Transport) -> None:
    async def refuse(_requests: object, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
        return b""

    async def write_on() -> None:
        while True:
            await call.write(b"x")
            await asyncio.sleep(0.01)

    call = (await transport.stream_unary(refuse))()
    with pytest.raises((grpc.aio.AioRpcError, asyncio.InvalidStateError)) as caught:
        await asyncio.wait_for(write_on(), 5)
    if isinstance(caught.value, grpc.aio.AioRpcError):
        code = caught.value.code()
        # A write that meets the end under way makes the status INTERNAL there, for good.
        if transport.name == "grpc.aio" and code is grpc.StatusCode.INTERNAL:
            return
        assert code is grpc.StatusCode.PERMISSION_DENIED
    assert (await end_of(call)).code is grpc.StatusCode.PERMISSION_DENIED


async def test_writes_from_two_tasks_both_arrive(transport: Transport) -> None:
    call = (await transport.stream_unary(_join))()

    async def write_all(letter: bytes) -> None:
        for _ in range(20):
            await call.write(letter)

    await write_all(b"a")
    await write_all(b"b")
    await call.done_writing()
    assert await call == b"a" * 20 + b"b" * 20


async def test_reading_and_writing_go_on_at_once(transport: Transport) -> None:
    call = (await transport.stream_stream(_echo))()

    async def write_all() -> None:
        for number in range(200):
            await call.write(b"%d" % number)
        await call.done_writing()

    writing = asyncio.create_task(write_all())
    read = [await call.read() for _ in range(200)]
    await writing
    assert read == [b"%d" % number for number in range(200)]
    assert await call.read() is EOF


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_an_iterator_that_raises_cancels_the_call(transport: Transport, of: Arity) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    await transport.serve({of: _echo if of.response_streaming else _join})
    call = getattr(transport.channel(), of)(of.path)(failing())
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)
    assert call.cancelled()
    assert await call.code() is grpc.StatusCode.CANCELLED


async def test_a_plain_iterator_that_raises_cancels_the_call(transport: Transport) -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    call = (await transport.stream_unary(_join))(failing())
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details() == "Locally cancelled by application!"


async def test_an_iterator_of_what_is_no_bytes_cancels_the_call(transport: Transport) -> None:
    call = (await transport.stream_unary(_join))([object()])
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_call_may_be_awaited_twice(transport: Transport) -> None:
    call = (await transport.stream_unary(_join))([b"x"])
    assert await call == b"x"
    assert await call == b"x"


async def test_a_failed_call_raises_each_time(transport: Transport) -> None:
    async def refuse(_request: object, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.ABORTED, "no")
        return b""

    await transport.serve({Arity.UNARY_UNARY: refuse, Arity.STREAM_UNARY: refuse})
    channel = transport.channel()
    for of in (Arity.UNARY_UNARY, Arity.STREAM_UNARY):
        call = begin(channel, of)
        assert [(await end_of(call)).code for _ in range(2)] == [grpc.StatusCode.ABORTED] * 2


async def test_waiting_for_connection_returns_before_the_end_of_a_stream(
    transport: Transport,
) -> None:
    call = (await transport.stream_stream(_echo))()
    await asyncio.wait_for(call.wait_for_connection(), 5)
    assert not call.done()
    await call.write(b"x")
    assert await call.read() == b"x"
    await call.done_writing()
    assert await call.read() is EOF


async def test_waiting_for_connection_of_one_request_returns_with_its_first_answer(
    transport: Transport,
) -> None:
    call = (await transport.unary_stream(_three))(b"")
    await asyncio.wait_for(call.wait_for_connection(), 5)
    assert [answer async for answer in call] == [b"1", b"2", b"3"]
    await call.wait_for_connection()


async def test_waiting_for_connection_raises_what_the_call_ended_with(
    transport: Transport, arity: Arity
) -> None:
    async def once(_request: object, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.ABORTED, "no")
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        await context.abort(grpc.StatusCode.ABORTED, "no")
        yield b""

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    assert await until(call.done) or (await end_of(call)).code is grpc.StatusCode.ABORTED
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.wait_for_connection()
    assert caught.value.code() is grpc.StatusCode.ABORTED
