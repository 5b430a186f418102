"""Stubs and servicers of grpcio's own generator, and packages made for grpc.aio, unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tandem.identity.v1 import identity_pb2, identity_pb2_grpc

from grpc_kafka.aio import channel, server
from tests.transport.conftest import Cluster, lane_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SERVICE = identity_pb2.DESCRIPTOR.services_by_name["Identity"].full_name


class _Identity(identity_pb2_grpc.IdentityServicer):
    async def SignOut(  # noqa: N802
        self,
        request: identity_pb2.SignOutRequest,
        context: grpc.aio.ServicerContext[
            identity_pb2.SignOutRequest, identity_pb2.SignOutResponse
        ],
    ) -> identity_pb2.SignOutResponse:
        if not request.session_secret:
            violation = error_details_pb2.BadRequest.FieldViolation(
                field="session_secret", description="is missing"
            )
            detail = any_pb2.Any()
            detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
            rich = status_pb2.Status(
                code=code_pb2.INVALID_ARGUMENT, message="нет секрета", details=[detail]
            )
            await context.abort_with_status(rpc_status.to_status(rich))
        return identity_pb2.SignOutResponse()


class _Traced:
    """A stub and a servicer with tracing on both ends, and the spans that they left."""

    def __init__(
        self, stub: identity_pb2_grpc.IdentityAsyncStub, spans: InMemorySpanExporter
    ) -> None:
        self.stub = stub
        self.spans = spans


@pytest.fixture
async def traced(cluster: Cluster) -> AsyncIterator[_Traced]:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    endpoint = lane_on(cluster, _SERVICE).endpoint
    tracing = aio_server_interceptor(tracer_provider=provider)  # type: ignore[no-untyped-call]
    made = server(endpoint, interceptors=[tracing])
    identity_pb2_grpc.add_IdentityServicer_to_server(_Identity(), made)  # type: ignore[abstract]
    await made.start()
    around = aio_client_interceptors(tracer_provider=provider)  # type: ignore[no-untyped-call]
    async with channel(endpoint, interceptors=around) as opened:
        stub: identity_pb2_grpc.IdentityAsyncStub = identity_pb2_grpc.IdentityStub(opened)
        yield _Traced(stub, spans)
    await made.stop(None)


async def test_a_generated_stub_calls_a_generated_servicer(traced: _Traced) -> None:
    request = identity_pb2.SignOutRequest(session_secret="x")
    answer = await traced.stub.SignOut(request, timeout=20)
    assert answer == identity_pb2.SignOutResponse()


async def test_rich_errors_arrive_whole(traced: _Traced) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await traced.stub.SignOut(identity_pb2.SignOutRequest(), timeout=20)
    trailing = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(bytes(trailing["grpc-status-details-bin"]))
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, caught.value.details())
    reason = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(reason)
    assert reason.field_violations[0].field == "session_secret"


async def test_a_method_that_the_servicer_lacks_is_unimplemented(traced: _Traced) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await traced.stub.SignIn(identity_pb2.SignInRequest(), timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_one_trace_runs_through_both_ends(traced: _Traced) -> None:
    await traced.stub.SignOut(identity_pb2.SignOutRequest(session_secret="x"), timeout=20)
    with pytest.raises(grpc.aio.AioRpcError):
        await traced.stub.SignOut(identity_pb2.SignOutRequest(), timeout=20)
    spans = traced.spans.get_finished_spans()
    by_trace: dict[int, list[str]] = {}
    for span in spans:
        assert span.context is not None
        by_trace.setdefault(span.context.trace_id, []).append(span.kind.name)
    assert [sorted(kinds) for kinds in by_trace.values()] == [["CLIENT", "SERVER"]] * 2
    assert {span.name for span in spans} == {f"/{_SERVICE}/SignOut"}
