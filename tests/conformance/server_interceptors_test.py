"""Server interceptors: those that look, refuse and wrap."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import grpc
import pytest

from tests.conformance.transports import (
    EOF,
    Arity,
    Behaviour,
    Context,
    Transport,
    begin,
    end_of,
)

type Handler = grpc.RpcMethodHandler[Any, Any]
type GoOn = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]

_WHO: ContextVar[str] = ContextVar("_WHO", default="nobody")


def _answering(arity: Arity, answer: Callable[[], bytes]) -> Behaviour:
    async def once(_request: object, _context: Context) -> bytes:
        return answer()

    async def stream(_request: object, _context: Context) -> AsyncIterator[bytes]:
        yield answer()

    return stream if arity.response_streaming else once


class _Noting(grpc.aio.ServerInterceptor):
    def __init__(self, name: str, order: list[object]) -> None:
        self._name = name
        self._order = order

    async def intercept_service(
        self, continuation: GoOn, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        given = [entry for entry in handler_call_details.invocation_metadata if entry[0] == "own"]
        self._order.append(
            (self._name, handler_call_details.method, [tuple(each) for each in given])
        )
        _WHO.set(self._name)
        return await continuation(handler_call_details)


class _Refusing(grpc.aio.ServerInterceptor):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def intercept_service(
        self,
        continuation: GoOn,  # noqa: ARG002
        handler_call_details: grpc.HandlerCallDetails,  # noqa: ARG002
    ) -> Handler | None:
        return self._handler


class _Wrapping(grpc.aio.ServerInterceptor):
    def __init__(self, arity: Arity) -> None:
        self._arity = arity

    async def intercept_service(
        self, continuation: GoOn, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        inner: Behaviour = getattr(handler, str(self._arity))

        async def once(request: object, context: Context) -> bytes:
            return b"<" + bytes(await inner(request, context)) + b">"  # type: ignore[misc]

        async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
            yield b"<"
            async for each in inner(request, context):  # type: ignore[attr-defined]
                yield each
            yield b">"

        return self._arity.handler(stream if self._arity.response_streaming else once)


class _Failing(grpc.aio.ServerInterceptor):
    async def intercept_service(
        self,
        continuation: GoOn,  # noqa: ARG002
        handler_call_details: grpc.HandlerCallDetails,  # noqa: ARG002
    ) -> Handler | None:
        raise ZeroDivisionError("in the interceptor")


async def test_interceptors_run_in_their_order_before_the_handler(
    transport: Transport, arity: Arity
) -> None:
    order: list[object] = []
    await transport.serve(
        {arity: _answering(arity, lambda: _WHO.get().encode())},
        interceptors=[_Noting("first", order), _Noting("second", order)],
    )
    method = getattr(transport.channel(), arity)(arity.path)
    call = method([b""] if arity.request_streaming else b"", metadata=(("own", "1"),))
    ended = await end_of(call)
    assert order == [(name, arity.path, [("own", "1")]) for name in ("first", "second")]
    # What an interceptor leaves in a context variable is there for the handler.
    assert ended.messages == [b"second"]


async def test_an_interceptor_may_refuse_by_a_handler_of_its_own(
    transport: Transport, arity: Arity
) -> None:
    async def once(_request: object, context: Context) -> bytes:
        if arity.request_streaming:
            # As in status_test: so that no write of grpc.aio meets the end.
            while await context.read() is not EOF:
                pass
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you", (("why", "so"),))
        return b""

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    refusing = _Refusing(arity.handler(stream if arity.response_streaming else once))
    await transport.serve({arity: _answering(arity, lambda: b"never")}, interceptors=[refusing])
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.UNAUTHENTICATED, "who are you")
    assert tuple(await call.trailing_metadata()) == (("why", "so"),)


async def test_an_interceptor_may_wrap_the_handler(transport: Transport, arity: Arity) -> None:
    await transport.serve(
        {arity: _answering(arity, lambda: b"answer")}, interceptors=[_Wrapping(arity)]
    )
    ended = await end_of(begin(transport.channel(), arity))
    assert (b"".join(ended.messages), ended.code) == (b"<answer>", grpc.StatusCode.OK)


async def test_an_interceptor_that_fails_ends_the_call(transport: Transport, arity: Arity) -> None:
    await transport.serve({arity: _answering(arity, lambda: b"never")}, interceptors=[_Failing()])
    ended = await end_of(begin(transport.channel(), arity))
    assert (ended.messages, ended.code) == ([], grpc.StatusCode.UNKNOWN)


async def test_interceptors_see_unknown_methods_too(transport: Transport, arity: Arity) -> None:
    order: list[object] = []
    await transport.serve({}, interceptors=[_Noting("only", order)])
    ended = await end_of(begin(transport.channel(), arity))
    assert ended.code is grpc.StatusCode.UNIMPLEMENTED
    assert order == [("only", arity.path, [])]


async def test_what_is_no_server_interceptor_is_refused(transport: Transport) -> None:
    with pytest.raises(ValueError, match="nterceptor"):
        await transport.serve({}, interceptors=[object()])  # type: ignore[list-item]
