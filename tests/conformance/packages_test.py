"""Packages made for grpc.aio, unchanged: rich errors, and spans of calls of every arity."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.conformance.transports import Arity, Context, Transport, begin, end_of, until


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


async def test_spans_of_both_sides_are_of_one_trace(transport: Transport, arity: Arity) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    inside: list[int] = []

    async def once(_request: object, _context: Context) -> bytes:
        inside.append(trace.get_current_span().get_span_context().trace_id)
        return b"answer"

    async def stream(request: object, context: Context) -> AsyncIterator[bytes]:
        yield await once(request, context)

    on_server = aio_server_interceptor(tracer_provider=provider)  # type: ignore[no-untyped-call]
    await transport.serve(
        {arity: stream if arity.response_streaming else once},
        interceptors=[on_server],
    )
    interceptors = aio_client_interceptors(tracer_provider=provider)  # type: ignore[no-untyped-call]
    channel = transport.channel(interceptors=interceptors)
    method = getattr(channel, arity)(arity.path)
    ended = await end_of(method([b""] if arity.request_streaming else b"", metadata=()))
    assert ended.messages == [b"answer"]
    assert await until(lambda: len(spans.get_finished_spans()) == 2)
    kinds = {span.kind: span for span in spans.get_finished_spans()}
    assert set(kinds) == {trace.SpanKind.CLIENT, trace.SpanKind.SERVER}
    traces = {span.context.trace_id for span in kinds.values() if span.context is not None}
    assert traces == set(inside)
