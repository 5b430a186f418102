"""What a handler says how its call ends, and what the client hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple, cast

import grpc
import pytest

from tests.conformance.transports import (
    Arity,
    Behaviour,
    Context,
    Ended,
    Transport,
    begin,
    end_of,
    until,
)

type Script = Callable[[Context], Awaitable[None]]


class _Status(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str], ...]


def playing(arity: Arity, script: Script) -> Behaviour:
    """A handler that does what the script says, and then answers once.

    It reads everything first: a client of grpc.aio that writes to a call which just ended may
    lose its status.
    """

    async def once(request: object, context: Context) -> bytes:
        if arity.request_streaming:
            async for _ in cast("AsyncIterator[bytes]", request):
                pass
        await script(context)
        return b"answer"

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    return stream if arity.response_streaming else once


async def _play(transport: Transport, arity: Arity, script: Script) -> Ended:
    await transport.serve({arity: playing(arity, script)})
    return await end_of(begin(transport.channel(), arity))


async def test_abort_ends_the_call_with_its_status(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        await context.abort(grpc.StatusCode.NOT_FOUND, "nothing there", (("why", "gone"),))

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.NOT_FOUND, "nothing there")
    assert tuple(await call.trailing_metadata()) == (("why", "gone"),)
    assert call.done()
    assert not call.cancelled()


async def test_abort_between_messages_keeps_those_before(transport: Transport) -> None:
    async def handler(_request: bytes, context: Context) -> AsyncIterator[bytes]:
        yield b"1"
        yield b"2"
        await context.abort(grpc.StatusCode.ABORTED, "after two")
        yield b"3"

    method = await transport.unary_stream(handler)
    assert await end_of(method(b"")) == ([b"1", b"2"], grpc.StatusCode.ABORTED, "after two")


async def test_abort_after_the_last_message_is_the_status(transport: Transport) -> None:
    async def handler(_request: bytes, context: Context) -> None:
        await context.write(b"1")
        await context.abort(grpc.StatusCode.ABORTED, "at the end")

    method = await transport.unary_stream(handler)
    assert await end_of(method(b"")) == ([b"1"], grpc.StatusCode.ABORTED, "at the end")


async def test_abort_with_status_takes_all_three_parts(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        status = _Status(grpc.StatusCode.RESOURCE_EXHAUSTED, "too much", (("limit", "3"),))
        await context.abort_with_status(cast("grpc.Status", status))

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.RESOURCE_EXHAUSTED, "too much")
    assert tuple(await call.trailing_metadata()) == (("limit", "3"),)


async def test_a_second_abort_is_refused_and_the_first_holds(
    transport: Transport, arity: Arity
) -> None:
    seen: list[type] = []

    async def script(context: Context) -> None:
        for code in (grpc.StatusCode.ABORTED, grpc.StatusCode.DATA_LOSS):
            try:
                await context.abort(code, code.name)
            except (grpc.aio.AbortError, grpc.aio.UsageError) as error:
                seen.append(type(error))

    ended = await _play(transport, arity, script)
    # In grpc.aio the client may know before the handler does.
    assert await until(lambda: seen == [grpc.aio.AbortError, grpc.aio.UsageError])
    assert ended == ([], grpc.StatusCode.ABORTED, "ABORTED")


async def test_a_suppressed_abort_holds_all_the_same(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        try:
            await context.abort(grpc.StatusCode.ABORTED, "for good")
        except grpc.aio.AbortError:
            return

    assert await _play(transport, arity, script) == ([], grpc.StatusCode.ABORTED, "for good")


async def test_what_a_handler_does_after_abort_changes_nothing(
    transport: Transport, arity: Arity
) -> None:
    async def script(context: Context) -> None:
        context.set_trailing_metadata((("set", "before"),))
        try:
            await context.abort(grpc.StatusCode.ABORTED, "for good")
        finally:
            context.set_code(grpc.StatusCode.OK)
            context.set_details("changed")
            context.set_trailing_metadata((("set", "after"),))

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.ABORTED, "for good")
    assert tuple(await call.trailing_metadata()) == (("set", "before"),)


async def test_an_exception_after_abort_does_not_replace_it(
    transport: Transport, arity: Arity
) -> None:
    async def script(context: Context) -> None:
        try:
            await context.abort(grpc.StatusCode.ABORTED, "for good")
        except grpc.aio.AbortError as error:
            raise ZeroDivisionError("by nought") from error

    assert await _play(transport, arity, script) == ([], grpc.StatusCode.ABORTED, "for good")


async def test_nothing_is_sent_after_abort(transport: Transport, arity: Arity) -> None:
    refused: list[type] = []

    async def script(context: Context) -> None:
        try:
            await context.abort(grpc.StatusCode.ABORTED, "for good")
        except grpc.aio.AbortError:
            try:
                await context.send_initial_metadata((("too", "late"),))
            except grpc.aio.AbortError as error:
                refused.append(type(error))
            raise

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.ABORTED, "for good")
    assert await until(lambda: refused == [grpc.aio.AbortError])
    assert tuple(await call.initial_metadata()) == ()


async def test_abort_with_ok_is_no_success(transport: Transport, arity: Arity) -> None:
    if transport.name == "grpc.aio":
        pytest.skip("such a call never ends there")

    async def script(context: Context) -> None:
        await context.abort(grpc.StatusCode.OK, "well")

    ended = await _play(transport, arity, script)
    assert (ended.messages, ended.code) == ([], grpc.StatusCode.UNKNOWN)


async def test_abort_overrides_what_was_set(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        context.set_code(grpc.StatusCode.DATA_LOSS)
        context.set_details("set")
        context.set_trailing_metadata((("k", "set"),))
        await context.abort(grpc.StatusCode.ABORTED, "aborted", (("k", "aborted"),))

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.ABORTED, "aborted")
    assert tuple(await call.trailing_metadata()) == (("k", "aborted"),)


async def test_abort_without_metadata_keeps_what_was_set(
    transport: Transport, arity: Arity
) -> None:
    async def script(context: Context) -> None:
        context.set_trailing_metadata((("k", "set"),))
        await context.abort(grpc.StatusCode.ABORTED, "aborted")

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    await end_of(call)
    assert tuple(await call.trailing_metadata()) == (("k", "set"),)


async def test_abort_without_details_keeps_those_set(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        context.set_details("set before")
        await context.abort(grpc.StatusCode.ABORTED)

    assert await _play(transport, arity, script) == ([], grpc.StatusCode.ABORTED, "set before")


async def test_a_status_that_was_set_ends_the_call(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        context.set_code(grpc.StatusCode.FAILED_PRECONDITION)
        context.set_details("not yet")
        context.set_trailing_metadata((("k", "v"),))

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    ended = await end_of(call)
    assert (ended.code, ended.details) == (grpc.StatusCode.FAILED_PRECONDITION, "not yet")
    assert ended.messages == ([b"answer"] if arity.response_streaming else [])
    assert tuple(await call.trailing_metadata()) == (("k", "v"),)


async def test_details_beside_ok_stay_behind(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        context.set_details("all is well")

    assert await _play(transport, arity, script) == ([b"answer"], grpc.StatusCode.OK, "")


async def test_a_code_given_as_a_number_counts(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        context.set_code(cast("grpc.StatusCode", 5))

    assert (await _play(transport, arity, script)).code is grpc.StatusCode.NOT_FOUND


async def test_an_exception_is_unknown_and_says_what_it_was(
    transport: Transport, arity: Arity
) -> None:
    async def script(_context: Context) -> None:
        raise ZeroDivisionError("by nought")

    ended = await _play(transport, arity, script)
    said = "Unexpected <class 'ZeroDivisionError'>: by nought"
    assert ended == ([], grpc.StatusCode.UNKNOWN, said)


async def test_an_exception_that_cannot_be_printed_ends_its_call(
    transport: Transport, arity: Arity
) -> None:
    if transport.name == "grpc.aio":
        pytest.skip("such a call never ends there")

    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    async def script(_context: Context) -> None:
        raise UnspeakableError

    assert (await _play(transport, arity, script)).code is grpc.StatusCode.UNKNOWN


async def test_an_exception_after_set_code_has_that_code(
    transport: Transport, arity: Arity
) -> None:
    async def script(context: Context) -> None:
        context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
        context.set_details("set before")
        context.set_trailing_metadata((("k", "v"),))
        raise ZeroDivisionError("by nought")

    await transport.serve({arity: playing(arity, script)})
    call = begin(transport.channel(), arity)
    ended = await end_of(call)
    assert ended.code is grpc.StatusCode.INVALID_ARGUMENT
    assert ended.details == "Unexpected <class 'ZeroDivisionError'>: by nought"
    assert tuple(await call.trailing_metadata()) == (("k", "v"),)


async def test_an_exception_between_messages_keeps_those_before(transport: Transport) -> None:
    async def handler(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        yield b"1"
        raise ZeroDivisionError("by nought")

    method = await transport.unary_stream(handler)
    ended = await end_of(method(b""))
    assert ended.messages == [b"1"]
    assert ended.code is grpc.StatusCode.UNKNOWN


async def test_what_was_set_can_be_read_back(transport: Transport, arity: Arity) -> None:
    seen: list[object] = []

    async def script(context: Context) -> None:
        seen.extend((context.code(), context.details(), tuple(context.trailing_metadata() or ())))
        context.set_code(grpc.StatusCode.ABORTED)
        context.set_details("said")
        context.set_trailing_metadata((("k", "v"),))
        code = cast("object", context.code())
        seen.append(code.value[0] if isinstance(code, grpc.StatusCode) else code)
        seen.extend((context.details(), tuple(context.trailing_metadata())))

    await _play(transport, arity, script)
    assert seen[1:] == ["", (), 10, "said", (("k", "v"),)]


async def test_details_keep_every_character(transport: Transport, arity: Arity) -> None:
    said = 'нет такого — 没有 🦆 %41 \n\t"quoted"'

    async def script(context: Context) -> None:
        await context.abort(grpc.StatusCode.NOT_FOUND, said)

    assert (await _play(transport, arity, script)).details == said


@pytest.mark.parametrize("code", [each for each in grpc.StatusCode if each.value[0]], ids=str)
async def test_every_code_arrives(transport: Transport, code: grpc.StatusCode) -> None:
    async def script(context: Context) -> None:
        await context.abort(code, "said")

    behaviours = {arity: playing(arity, script) for arity in Arity}
    await transport.serve(behaviours)
    channel = transport.channel()
    for arity in Arity:
        assert await end_of(begin(channel, arity)) == ([], code, "said")


async def test_an_error_carries_all_that_the_call_knows(transport: Transport, arity: Arity) -> None:
    async def script(context: Context) -> None:
        await context.send_initial_metadata((("at", "first"),))
        await context.abort(grpc.StatusCode.ABORTED, "why", (("at", "last"),))

    await transport.serve({arity: playing(arity, script)})
    method = getattr(transport.channel(), arity)(arity.path)
    call = method([b""] if arity.request_streaming else b"")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (call.read() if arity.response_streaming else call)
    error = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "why")
    assert tuple(error.initial_metadata() or ()) == (("at", "first"),)
    assert tuple(error.trailing_metadata() or ()) == (("at", "last"),)
    assert error.debug_error_string()
    assert await call.debug_error_string()


async def test_a_unary_handler_that_answers_none_sends_nothing(transport: Transport) -> None:
    async def handler(_request: bytes, _context: Context) -> None:
        return None

    await transport.serve({Arity.UNARY_UNARY: handler, Arity.STREAM_UNARY: handler})
    channel = transport.channel()
    ends = [await end_of(begin(channel, of)) for of in (Arity.UNARY_UNARY, Arity.STREAM_UNARY)]
    assert ends[0] == ends[1]
