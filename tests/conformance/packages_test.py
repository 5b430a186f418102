"""Packages made for grpc.aio, unchanged: rich errors, and spans of calls of every arity."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.conformance.transports import (
    SERVICE,
    Arity,
    Context,
    Ended,
    Transport,
    begin,
    end_of,
    until,
)


async def test_rich_errors_arrive_with_their_details(transport: Transport, arity: Arity) -> None:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason="NO_SECRET", domain="tests"))
    rich = status_pb2.Status(
        code=code_pb2.INVALID_ARGUMENT, message="нет секрета", details=[detail]
    )

    async def once(_request: object, context: Context) -> bytes:
        await context.abort_with_status(rpc_status.to_status(rich))
        return b""

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    await transport.serve({arity: stream if arity.response_streaming else once})
    call = begin(transport.channel(), arity)
    assert await end_of(call) == ([], grpc.StatusCode.INVALID_ARGUMENT, "нет секрета")
    metadata = dict(await call.trailing_metadata())
    raw = cast("bytes", metadata["grpc-status-details-bin"])
    assert status_pb2.Status.FromString(raw) == rich


class _Tracing:
    """Interceptors of OpenTelemetry's, and the spans that they left."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.on_server = aio_server_interceptor(tracer_provider=provider)  # type: ignore[no-untyped-call]
        self.on_client = aio_client_interceptors(tracer_provider=provider)  # type: ignore[no-untyped-call]

    async def both(self) -> tuple[ReadableSpan, ReadableSpan]:
        """The client's and the server's span of the one call, when they are over."""
        assert await until(lambda: len(self._exporter.get_finished_spans()) == 2)
        spans = {span.kind: span for span in self._exporter.get_finished_spans()}
        return spans[trace.SpanKind.CLIENT], spans[trace.SpanKind.SERVER]


async def _traced(
    transport: Transport, arity: Arity, once: Callable[[object, Context], Awaitable[bytes]]
) -> tuple[_Tracing, Ended]:
    """Make a call through interceptors on both sides."""

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    tracing = _Tracing()
    behaviour = stream if arity.response_streaming else once
    await transport.serve({arity: behaviour}, interceptors=[tracing.on_server])
    channel = transport.channel(interceptors=tracing.on_client)
    method = getattr(channel, arity)(arity.path)
    call = method([b""] if arity.request_streaming else b"", metadata=())
    return tracing, await end_of(call)


async def test_spans_of_both_sides_are_of_one_trace(transport: Transport, arity: Arity) -> None:
    inside: list[trace.SpanContext] = []

    async def once(_request: object, _context: Context) -> bytes:
        inside.append(trace.get_current_span().get_span_context())
        return b"answer"

    tracing, ended = await _traced(transport, arity, once)
    assert ended.messages == [b"answer"]
    client, server = await tracing.both()
    assert client.context is not None
    assert server.context is not None
    assert server.context.trace_id == client.context.trace_id
    # The call's own traceparent leads from the one to the other, and on into the handler.
    assert server.parent is not None
    assert (server.parent.span_id, server.parent.is_remote) == (client.context.span_id, True)
    assert inside == [server.context]


@pytest.mark.parametrize("code", [grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND])
async def test_spans_say_which_call_they_are_of_and_how_it_ended(
    transport: Transport, arity: Arity, code: grpc.StatusCode
) -> None:
    async def once(_request: object, context: Context) -> bytes:
        if code is not grpc.StatusCode.OK:
            await context.abort(code, "not here")
        return b"answer"

    tracing, ended = await _traced(transport, arity, once)
    assert ended.code is code
    for span in await tracing.both():
        attributes = dict(span.attributes or {})
        assert span.name == arity.path
        assert attributes["rpc.system"] == "grpc"
        assert attributes["rpc.service"] == SERVICE
        assert attributes["rpc.method"] == str(arity)
        assert attributes["rpc.grpc.status_code"] == code.value[0]


async def test_the_span_of_a_server_names_its_peer(transport: Transport) -> None:
    peers: list[str] = []

    async def once(_request: object, context: Context) -> bytes:
        peers.append(context.peer())
        return b"answer"

    tracing, _ended = await _traced(transport, Arity.UNARY_UNARY, once)
    _, server = await tracing.both()
    attributes = dict(server.attributes or {})
    # Over Kafka these are no address and no port, but the inbox and the process that reads it.
    named = f"{attributes['net.peer.ip']}:{attributes['net.peer.port']}"
    assert peers[0].partition(":")[2] == named
