"""Handlers in every form that grpc.aio takes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor

import grpc
import pytest

from tests.conformance.transports import (
    EOF,
    SERVICE,
    Arity,
    Behaviour,
    Context,
    Transport,
    begin,
    end_of,
    until,
)


async def _unary_unary(request: bytes, _context: Context) -> bytes:
    return request + b"!"


async def _unary_stream(request: bytes, _context: Context) -> AsyncIterator[bytes]:
    for _ in range(3):
        yield request + b"!"


async def _stream_unary(requests: AsyncIterator[bytes], _context: Context) -> bytes:
    return b"".join([request async for request in requests]) + b"!"


async def _stream_stream(requests: AsyncIterator[bytes], _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request + b"!"


async def _writes_unary_stream(request: bytes, context: Context) -> None:
    for _ in range(3):
        await context.write(request + b"!")


async def _reads_stream_unary(_requests: object, context: Context) -> bytes:
    read = []
    while (request := await context.read()) is not EOF:
        read.append(request)
    return b"".join(read) + b"!"


async def _reads_and_writes(_requests: object, context: Context) -> None:
    while (request := await context.read()) is not EOF:
        await context.write(request + b"!")


def _plain_unary_unary(request: bytes, _context: object) -> bytes:
    return request + b"!"


def _plain_unary_stream(request: bytes, _context: object) -> Iterator[bytes]:
    for _ in range(3):
        yield request + b"!"


def _plain_stream_unary(requests: Iterator[bytes], _context: object) -> bytes:
    return b"".join(requests) + b"!"


def _plain_stream_stream(requests: Iterator[bytes], _context: object) -> Iterator[bytes]:
    for request in requests:
        yield request + b"!"


def _gives_list(request: bytes, _context: object) -> list[bytes]:
    return [request + b"!"] * 3


_FORMS: list[tuple[Arity, Behaviour]] = [
    (Arity.UNARY_UNARY, _unary_unary),
    (Arity.UNARY_STREAM, _unary_stream),
    (Arity.STREAM_UNARY, _stream_unary),
    (Arity.STREAM_STREAM, _stream_stream),
    (Arity.UNARY_STREAM, _writes_unary_stream),
    (Arity.STREAM_UNARY, _reads_stream_unary),
    (Arity.STREAM_STREAM, _reads_and_writes),
    (Arity.UNARY_UNARY, _plain_unary_unary),
    (Arity.UNARY_STREAM, _plain_unary_stream),
    (Arity.STREAM_UNARY, _plain_stream_unary),
    (Arity.STREAM_STREAM, _plain_stream_stream),
    (Arity.UNARY_STREAM, _gives_list),
]


def _answers(arity: Arity) -> list[bytes]:
    return [b"request!"] * (3 if arity is Arity.UNARY_STREAM else 1)


@pytest.mark.parametrize(
    ("of", "behaviour"), _FORMS, ids=lambda each: getattr(each, "__name__", type(each).__name__)
)
async def test_a_handler_of_this_form_answers(
    transport: Transport, pool: Executor, of: Arity, behaviour: Behaviour
) -> None:
    await transport.serve({of: behaviour}, migration_thread_pool=pool)
    ended = await end_of(begin(transport.channel(), of))
    assert ended == (_answers(of), grpc.StatusCode.OK, "")


async def test_all_messages_of_a_long_stream_come_in_their_order(transport: Transport) -> None:
    method = await transport.stream_stream(_stream_stream)
    sent = [b"%d" % number for number in range(500)]

    assert [answer async for answer in method(sent)] == [each + b"!" for each in sent]


async def test_plain_handlers_run_in_the_given_pool(transport: Transport, pool: Executor) -> None:
    ran_in: list[str] = []

    def name_thread(requests: Iterator[bytes], _context: object) -> Iterator[bytes]:
        ran_in.append(threading.current_thread().name)
        for request in requests:
            ran_in.append(threading.current_thread().name)
            yield request

    await transport.serve({Arity.STREAM_STREAM: name_thread}, migration_thread_pool=pool)
    await end_of(begin(transport.channel(), Arity.STREAM_STREAM))
    assert {name.rpartition("_")[0] for name in ran_in} == {"given"}


async def test_plain_handlers_abort_and_set_metadata_without_await(
    transport: Transport, pool: Executor, arity: Arity
) -> None:
    if transport.name == "grpc.aio":
        pytest.skip("its abort may keep the thread waiting for a loop that is gone, for ever")

    def refuse(_request: object, context: grpc.ServicerContext) -> bytes:
        context.send_initial_metadata((("at", "first"),))
        context.set_trailing_metadata((("at", "last"),))
        context.abort(grpc.StatusCode.DATA_LOSS, "gone")

    def stream(request: object, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield refuse(request, context)

    behaviour = stream if arity.response_streaming else refuse
    await transport.serve({arity: behaviour}, migration_thread_pool=pool)
    call = begin(transport.channel(), arity)
    ended = await end_of(call)
    assert ended == ([], grpc.StatusCode.DATA_LOSS, "gone")
    assert ("at", "first") in tuple(await call.initial_metadata())
    assert tuple(await call.trailing_metadata()) == (("at", "last"),)


@pytest.mark.parametrize("end", ["cancelled", "expired"])
async def test_a_plain_handler_does_not_take_a_broken_stream_for_a_whole_one(
    transport: Transport, pool: Executor, end: str
) -> None:
    if transport.name == "grpc.aio":
        pytest.skip("there it does")
    seen: list[str] = []

    def collect(requests: Iterator[bytes], _context: Context) -> bytes:
        try:
            for request in requests:
                seen.append(request.decode())  # noqa: PERF401 - those before the error count
        except BaseException:
            seen.append("broken")
            raise
        seen.append("whole")
        return b""

    await transport.serve({Arity.STREAM_UNARY: collect}, migration_thread_pool=pool)
    method = getattr(transport.channel(), Arity.STREAM_UNARY)(Arity.STREAM_UNARY.path)
    call = method(timeout=2 if end == "expired" else None)
    await call.write(b"1")
    assert await until(lambda: seen == ["1"])
    if end == "cancelled":
        call.cancel()
    assert await until(lambda: len(seen) == 2)
    assert seen == ["1", "broken"]


async def test_a_handler_may_mix_read_with_iteration(transport: Transport) -> None:
    async def handler(requests: AsyncIterator[bytes], context: Context) -> bytes:
        first = await context.read()
        rest = [request async for request in requests]
        return first + b"|" + b"".join(rest)

    method = await transport.stream_unary(handler)
    assert await method([b"a", b"b", b"c"]) == b"a|bc"


async def test_a_handler_may_write_before_it_yields(transport: Transport) -> None:
    async def handler(_request: bytes, context: Context) -> AsyncIterator[bytes]:
        await context.write(b"written")
        yield b"yielded"

    method = await transport.unary_stream(handler)
    assert [answer async for answer in method(b"")] == [b"written", b"yielded"]


async def test_a_handlers_read_gives_eof_again_and_again(transport: Transport) -> None:
    async def handler(_requests: object, context: Context) -> bytes:
        reads = [await context.read() for _ in range(4)]
        return b"%d" % sum(read is EOF for read in reads)

    method = await transport.stream_unary(handler)
    assert await method([b"only"]) == b"3"


async def test_a_handler_may_return_before_it_read_everything(
    transport: Transport, arity: Arity
) -> None:
    if not arity.request_streaming:
        pytest.skip("requests do not stream")

    async def once(_requests: object, _context: Context) -> bytes:
        return b"enough"

    async def stream(_requests: object, _context: Context) -> AsyncIterator[bytes]:
        yield b"enough"

    await transport.serve({arity: stream if arity.response_streaming else once})
    method = getattr(transport.channel(), arity)(arity.path)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"more"
            await asyncio.sleep(0.01)

    assert await end_of(method(endless())) == ([b"enough"], grpc.StatusCode.OK, "")


async def test_both_ends_may_talk_in_turn(transport: Transport) -> None:
    method = await transport.stream_stream(_stream_stream)
    call = method()
    for word in (b"one", b"two", b"three"):
        await call.write(word)
        assert await call.read() == word + b"!"
    await call.done_writing()
    assert await call.read() is EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_a_handlers_stream_ends_while_its_client_still_may_write(
    transport: Transport,
) -> None:
    async def handler(_requests: object, _context: Context) -> AsyncIterator[bytes]:
        yield b"all there is"

    method = await transport.stream_stream(handler)
    call = method()
    assert await call.read() == b"all there is"
    assert await call.read() is EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_an_unknown_method_is_unimplemented(transport: Transport, arity: Arity) -> None:
    await transport.serve({Arity.UNARY_UNARY: _unary_unary})
    given = [b"x"] if arity.request_streaming else b"x"
    call = getattr(transport.channel(), arity)(f"/{SERVICE}/Unknown")(given)
    assert await end_of(call) == ([], grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


async def test_calls_of_one_method_run_side_by_side(transport: Transport, arity: Arity) -> None:
    barrier = asyncio.Barrier(20)

    async def once(_request: object, _context: Context) -> bytes:
        await barrier.wait()
        return b"met"

    async def stream(_request: object, _context: Context) -> AsyncIterator[bytes]:
        await barrier.wait()
        yield b"met"

    await transport.serve({arity: stream if arity.response_streaming else once})
    channel = transport.channel()
    ends = await asyncio.gather(*[end_of(begin(channel, arity)) for _ in range(20)])
    assert {ended.code for ended in ends} == {grpc.StatusCode.OK}
