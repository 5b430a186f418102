"""Metadata in both directions, and when it can be seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import grpc
import pytest

from tests.conformance.transports import Arity, Behaviour, Context, Transport, begin, end_of

type Pairs = list[tuple[str, str | bytes]]

_BINARY = bytes(range(256))


def _answering(arity: Arity, seen: Pairs) -> Behaviour:
    async def once(_request: object, context: Context) -> bytes:
        seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        yield b""

    return stream if arity.response_streaming else once


@pytest.mark.parametrize(
    "given",
    [
        (("key", "one"), ("key", "two"), ("other-bin", _BINARY)),
        [("key", "one"), ("key", "two"), ("other-bin", _BINARY)],
        grpc.aio.Metadata(("key", "one"), ("key", "two"), ("other-bin", _BINARY)),
    ],
    ids=["tuple", "list", "Metadata"],
)
async def test_metadata_of_every_accepted_type_reaches_the_handler(
    transport: Transport, arity: Arity, given: grpc.aio.Metadata
) -> None:
    seen: Pairs = []
    await transport.serve({arity: _answering(arity, seen)})
    method = getattr(transport.channel(), arity)(arity.path)
    call = method([b""] if arity.request_streaming else b"", metadata=given)
    assert (await end_of(call)).code is grpc.StatusCode.OK
    own = [entry for entry in seen if entry[0] in ("key", "other-bin")]
    assert own == [("key", "one"), ("key", "two"), ("other-bin", _BINARY)]


@pytest.mark.parametrize(
    "entry",
    [("Upper", "x"), ("sp ace", "x"), ("key", "нет"), ("key", "new\nline"), ("", "x")],
    ids=["upper case", "space", "unicode", "line", "empty"],
)
async def test_metadata_that_grpc_does_not_allow_is_refused(
    transport: Transport, arity: Arity, entry: tuple[str, str]
) -> None:
    async def call() -> None:
        begun = method([b""] if arity.request_streaming else b"", metadata=(entry,))
        await (begun.read() if arity.response_streaming else begun)

    await transport.serve({arity: _answering(arity, [])})
    method = getattr(transport.channel(), arity)(arity.path)
    refusals = (ValueError, grpc.aio.BaseError, grpc.aio.AioRpcError, asyncio.CancelledError)
    with pytest.raises(refusals):
        await asyncio.wait_for(call(), 3)


async def test_keys_may_be_given_as_bytes(transport: Transport, arity: Arity) -> None:
    seen: Pairs = []
    given = cast("Pairs", [(b"key", "one"), (b"key-bin", _BINARY)])

    async def once(_request: object, context: Context) -> bytes:
        seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        await context.send_initial_metadata(given)
        return b""

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    method = getattr(transport.channel(), arity)(arity.path)
    call = method([b""] if arity.request_streaming else b"", metadata=given)
    assert (await end_of(call)).code is grpc.StatusCode.OK
    expected = [("key", "one"), ("key-bin", _BINARY)]
    assert [entry for entry in seen if entry[0] in ("key", "key-bin")] == expected
    assert list(await call.initial_metadata()) == expected


async def test_initial_metadata_is_seen_before_the_first_message(
    transport: Transport, arity: Arity
) -> None:
    go_on = asyncio.Event()

    async def once(_request: object, context: Context) -> bytes:
        await context.send_initial_metadata((("at", "first"), ("raw-bin", _BINARY)))
        await go_on.wait()
        return b"answer"

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        await context.send_initial_metadata((("at", "first"), ("raw-bin", _BINARY)))
        await go_on.wait()
        yield b"answer"

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    if arity is Arity.UNARY_UNARY:
        # Over Kafka a unary answer is one record, initial metadata and all.
        go_on.set()
    first = await asyncio.wait_for(call.initial_metadata(), 5)
    assert tuple(first) == (("at", "first"), ("raw-bin", _BINARY))
    if arity is not Arity.UNARY_UNARY:
        assert not call.done()
    go_on.set()
    assert (await end_of(call)).messages == [b"answer"]


async def test_initial_metadata_is_empty_where_none_was_sent(
    transport: Transport, arity: Arity
) -> None:
    await transport.serve({arity: _answering(arity, [])})
    call = begin(transport.channel(), arity)
    assert isinstance(await call.initial_metadata(), grpc.aio.Metadata)
    assert tuple(await call.initial_metadata()) == ()
    await end_of(call)
    assert tuple(await call.trailing_metadata()) == ()


async def test_initial_metadata_cannot_be_sent_twice(transport: Transport, arity: Arity) -> None:
    async def once(_request: object, context: Context) -> bytes:
        await context.send_initial_metadata(())
        with pytest.raises((grpc.aio.UsageError, ValueError)):
            await context.send_initial_metadata((("too", "late"),))
        return b"answer"

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    assert (await end_of(call)).messages == [b"answer"]
    assert tuple(await call.initial_metadata()) == ()


async def test_initial_metadata_cannot_follow_a_message(transport: Transport) -> None:
    async def handler(_request: bytes, context: Context) -> AsyncIterator[bytes]:
        yield b"1"
        with pytest.raises((grpc.aio.UsageError, ValueError)):
            await context.send_initial_metadata((("too", "late"),))
        yield b"2"

    call = (await transport.unary_stream(handler))(b"")
    assert (await end_of(call)).messages == [b"1", b"2"]


async def test_trailing_metadata_is_replaced_not_added_to(
    transport: Transport, arity: Arity
) -> None:
    async def once(_request: object, context: Context) -> bytes:
        context.set_trailing_metadata((("a", "1"),))
        context.set_trailing_metadata((("b", "2"), ("b", "3"), ("c-bin", _BINARY)))
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    await end_of(call)
    assert tuple(await call.trailing_metadata()) == (("b", "2"), ("b", "3"), ("c-bin", _BINARY))


@pytest.mark.parametrize(
    "given", [42, {}, {"key": "value"}, [{"key": "value"}], [["key", "value"]]], ids=repr
)
async def test_trailing_metadata_that_is_no_row_of_pairs_is_refused(
    transport: Transport, arity: Arity, given: Pairs
) -> None:
    refused: list[str] = []

    async def once(_request: object, context: Context) -> bytes:
        try:
            context.set_trailing_metadata(given)
        except TypeError as error:
            refused.append(str(error))
        context.set_trailing_metadata((("b", "2"),))
        await context.abort(grpc.StatusCode.DATA_LOSS, "lost", given)
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    ended = await end_of(begin(transport.channel(), arity))
    assert ended.code is grpc.StatusCode.UNKNOWN
    assert "trailing" in str(ended.details)
    assert len(refused) == 1


async def test_metadata_a_handler_may_not_send_ends_its_call(
    transport: Transport, arity: Arity
) -> None:
    async def once(_request: object, context: Context) -> bytes:
        await context.send_initial_metadata((("Upper Case", "x"),))
        return b"answer"

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    assert (await end_of(begin(transport.channel(), arity))).code is not grpc.StatusCode.OK


async def test_metadata_of_a_cancelled_call_is_empty(transport: Transport, arity: Arity) -> None:
    async def once(_request: object, _context: Context) -> bytes:
        await asyncio.sleep(20)
        return b""

    async def stream(_request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(_request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    await asyncio.sleep(0.05)
    call.cancel()
    assert tuple(await asyncio.wait_for(call.initial_metadata(), 5)) == ()
    assert tuple(await asyncio.wait_for(call.trailing_metadata(), 5)) == ()
