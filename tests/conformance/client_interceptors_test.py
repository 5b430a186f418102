"""Client interceptors of every arity, as grpc.aio runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import grpc
import pytest

from tests.conformance.transports import (
    Arity,
    Behaviour,
    Call,
    Context,
    Transport,
    begin,
    end_of,
    until,
)

type Details = grpc.aio.ClientCallDetails
type GoOn = Callable[[Details, object], Awaitable[object]]
type Intercept = Callable[[GoOn, Details, object], Awaitable[object]]

_KINDS: dict[Arity, type] = {
    Arity.UNARY_UNARY: grpc.aio.UnaryUnaryClientInterceptor,
    Arity.UNARY_STREAM: grpc.aio.UnaryStreamClientInterceptor,
    Arity.STREAM_UNARY: grpc.aio.StreamUnaryClientInterceptor,
    Arity.STREAM_STREAM: grpc.aio.StreamStreamClientInterceptor,
}


def interceptor(arity: Arity, intercept: Intercept) -> grpc.aio.ClientInterceptor:
    """An interceptor of this arity, made of a function."""

    async def run(_self: object, go_on: GoOn, details: Details, request: object) -> object:
        return await intercept(go_on, details, request)

    made: grpc.aio.ClientInterceptor = type(
        "_Interceptor", (_KINDS[arity],), {f"intercept_{arity}": run}
    )()
    return made


def _echo(arity: Arity, seen: list[tuple[str, str | bytes]] | None = None) -> Behaviour:
    """Answers with all that was asked."""

    async def once(request: object, context: Context) -> bytes:
        if seen is not None:
            seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        if arity.request_streaming:
            given = cast("AsyncIterator[bytes]", request)
            return b"".join([each async for each in given])
        return cast("bytes", request)

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    return stream if arity.response_streaming else once


def _waiting(begun: asyncio.Event) -> Intercept:
    """Says that it has begun, and goes on too late."""

    async def wait(go_on: GoOn, details: Details, request: object) -> object:
        begun.set()
        await asyncio.sleep(60)
        return await go_on(details, request)

    return wait


def _begin(transport: Transport, arity: Arity, *intercepts: Intercept) -> Call:
    channel = transport.channel(interceptors=[interceptor(arity, each) for each in intercepts])
    method = getattr(channel, arity)(arity.path)
    given = [b"request"] if arity.request_streaming else b"request"
    return cast("Call", method(given, metadata=(("own", "1"),), timeout=10))


async def test_interceptors_run_in_their_order_and_see_the_call(
    transport: Transport, arity: Arity
) -> None:
    order: list[object] = []

    async def first(go_on: GoOn, details: Details, request: object) -> object:
        order.append(("first", details.method, dict(details.metadata or ()), details.timeout))
        call = await go_on(details, request)
        order.append("first again")
        return call

    async def second(go_on: GoOn, details: Details, request: object) -> object:
        order.append("second")
        return await go_on(details, request)

    await transport.serve({arity: _echo(arity)})
    ended = await end_of(_begin(transport, arity, first, second))
    assert ended == ([b"request"], grpc.StatusCode.OK, "")
    assert order[0] == ("first", arity.path.encode(), {"own": "1"}, 10)
    assert order[1:] == ["second", "first again"]


async def test_an_interceptor_may_change_metadata_and_method(
    transport: Transport, arity: Arity
) -> None:
    seen: list[tuple[str, str | bytes]] = []

    async def change(go_on: GoOn, details: Details, request: object) -> object:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), ("added", "2"))
        method = cast("str", arity.path.encode())
        changed = grpc.aio.ClientCallDetails(
            method, details.timeout, metadata, details.credentials, details.wait_for_ready
        )
        return await go_on(changed, request)

    await transport.serve({arity: _echo(arity, seen)})
    channel = transport.channel(interceptors=[interceptor(arity, change)])
    method = getattr(channel, arity)("/test.Conformance/elsewhere")
    call = method([b""] if arity.request_streaming else b"", metadata=(("own", "1"),))
    assert (await end_of(call)).code is grpc.StatusCode.OK
    assert [entry for entry in seen if entry[0] in ("own", "added")] == [
        ("own", "1"),
        ("added", "2"),
    ]


async def test_an_interceptor_may_answer_in_place_of_the_server(
    transport: Transport, arity: Arity
) -> None:
    if arity is Arity.STREAM_UNARY:
        pytest.skip("grpc.aio wants a call of these interceptors")

    async def answer(go_on: GoOn, details: Details, request: object) -> object:
        call = await go_on(details, request)
        if not arity.response_streaming:
            return b"own answer"

        async def answers() -> AsyncIterator[bytes]:
            async for each in cast("grpc.aio.UnaryStreamCall[bytes, bytes]", call):
                yield b"own " + each

        return answers()

    await transport.serve({arity: _echo(arity)})
    call = _begin(transport, arity, answer)
    own = b"own request" if arity.response_streaming else b"own answer"
    assert await end_of(call) == ([own], grpc.StatusCode.OK, "")


async def test_an_interceptor_may_call_twice(transport: Transport) -> None:
    async def twice(go_on: GoOn, details: Details, request: object) -> object:
        await cast("Awaitable[object]", await go_on(details, request))
        return await go_on(details, request)

    calls: list[bytes] = []

    async def handler(request: bytes, _context: Context) -> bytes:
        calls.append(request)
        return request

    await transport.serve({Arity.UNARY_UNARY: handler})
    ended = await end_of(_begin(transport, Arity.UNARY_UNARY, twice))
    assert ended.messages == [b"request"]
    assert len(calls) == 2


async def test_an_error_of_an_interceptor_is_the_calls_end(
    transport: Transport, arity: Arity
) -> None:
    async def refuse(_go_on: GoOn, _details: Details, _request: object) -> object:
        raise grpc.aio.AioRpcError(
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.aio.Metadata(),
            grpc.aio.Metadata(("why", "so")),
            "who are you",
        )

    await transport.serve({arity: _echo(arity)})
    call = _begin(transport, arity, refuse)
    assert await end_of(call) == ([], grpc.StatusCode.UNAUTHENTICATED, "who are you")
    assert await call.code() is grpc.StatusCode.UNAUTHENTICATED
    assert tuple(await call.trailing_metadata()) == (("why", "so"),)
    assert call.done()


async def test_another_exception_of_an_interceptor_is_raised(
    transport: Transport, arity: Arity
) -> None:
    async def fail(_go_on: GoOn, _details: Details, _request: object) -> object:
        raise ZeroDivisionError

    await transport.serve({arity: _echo(arity)})
    with pytest.raises(ZeroDivisionError):
        await end_of(_begin(transport, arity, fail))


async def test_cancelling_while_an_interceptor_works_ends_the_call(
    transport: Transport, arity: Arity
) -> None:
    begun = asyncio.Event()
    await transport.serve({arity: _echo(arity)})
    call = _begin(transport, arity, _waiting(begun))
    told: list[object] = []
    call.add_done_callback(told.append)
    await begun.wait()
    assert not call.done()
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)
    assert call.cancelled()
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details() == "Locally cancelled by application!"
    assert await until(lambda: told == [call])


async def test_closing_the_channel_cancels_a_call_that_interceptors_never_began(
    transport: Transport, arity: Arity
) -> None:
    began = asyncio.Event()
    await transport.serve({arity: _echo(arity)})
    channel = transport.channel(interceptors=[interceptor(arity, _waiting(began))])
    call = begin(channel, arity)
    await began.wait()
    await channel.close()
    assert await until(call.done)
    assert call.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await end_of(call)


async def test_no_metadata_is_known_of_a_call_that_interceptors_never_began(
    transport: Transport, arity: Arity
) -> None:
    await transport.serve({arity: _echo(arity)})
    call = _begin(transport, arity, _waiting(asyncio.Event()))
    await asyncio.sleep(0)
    call.cancel()
    assert await call.initial_metadata() is None
    assert await call.trailing_metadata() is None


async def test_an_answer_of_an_interceptor_has_no_metadata(transport: Transport) -> None:
    async def answer(_go_on: GoOn, _details: Details, _request: object) -> object:
        return b"own answer"

    await transport.serve({Arity.UNARY_UNARY: _echo(Arity.UNARY_UNARY)})
    call = _begin(transport, Arity.UNARY_UNARY, answer)
    assert await call.initial_metadata() is None
    assert await call.trailing_metadata() is None
    assert await call.code() is grpc.StatusCode.OK
    assert await call.details() == ""
    assert await call.debug_error_string() is None  # type: ignore[union-attr]


async def test_callbacks_of_an_intercepted_call_get_it(transport: Transport, arity: Arity) -> None:
    async def pass_on(go_on: GoOn, details: Details, request: object) -> object:
        return await go_on(details, request)

    await transport.serve({arity: _echo(arity)})
    call = _begin(transport, arity, pass_on)
    told: list[object] = []
    call.add_done_callback(told.append)
    await end_of(call)
    assert await until(lambda: told == [call])


@pytest.mark.parametrize("of", [Arity.STREAM_UNARY, Arity.STREAM_STREAM], ids=str)
async def test_writing_goes_through_interceptors(transport: Transport, of: Arity) -> None:
    async def louder(go_on: GoOn, details: Details, request: object) -> object:
        async def requests() -> AsyncIterator[bytes]:
            async for each in cast("AsyncIterator[bytes]", request):
                yield each + b"!"

        return await go_on(details, requests())

    await transport.serve({of: _echo(of)})
    channel = transport.channel(interceptors=[interceptor(of, louder)])
    call = getattr(channel, of)(of.path)()
    await call.write(b"a")
    await call.write(b"b")
    await call.done_writing()
    assert (await end_of(call)).messages == [b"a!b!"]
    with pytest.raises(asyncio.InvalidStateError):
        await call.write(b"c")


async def test_what_is_no_interceptor_is_refused(transport: Transport) -> None:
    with pytest.raises(ValueError, match="nterceptor"):
        transport.channel(interceptors=[cast("grpc.aio.ClientInterceptor", object())])


async def test_an_interceptor_of_all_arities_runs_for_each_over_kafka(
    transport: Transport, arity: Arity
) -> None:
    ran: list[Details] = []

    async def run(_self: object, go_on: GoOn, details: Details, request: object) -> object:
        ran.append(details)
        return await go_on(details, request)

    hooks = {f"intercept_{each}": run for each in Arity}
    made: grpc.aio.ClientInterceptor = type("_All", tuple(_KINDS.values()), hooks)()
    await transport.serve({arity: _echo(arity)})
    call = begin(transport.channel(interceptors=[made]), arity)
    assert (await end_of(call)).messages == [b"request"]
    assert bool(ran) is (transport.name == "grpc_kafka" or arity is Arity.UNARY_UNARY)


async def test_interceptors_of_other_arities_do_not_run(transport: Transport, arity: Arity) -> None:
    async def fail(_go_on: GoOn, _details: Details, _request: object) -> object:
        raise ZeroDivisionError

    await transport.serve({arity: _echo(arity)})
    channel = transport.channel(
        interceptors=[interceptor(other, fail) for other in Arity if other is not arity]
    )
    method = getattr(channel, arity)(arity.path)
    call = method([b"x"] if arity.request_streaming else b"x")
    assert (await end_of(call)).messages == [b"x"]
