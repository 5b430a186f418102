"""One W3C trace through HTTP and Kafka: OpenTelemetry's own instrumentation of ASGI and gRPC."""

from collections.abc import Sequence

import grpc.aio
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from starlette.types import ASGIApp


class Tracing:
    """The tracer of one process, and what carries a trace over its edges."""

    def __init__(self, service: str, lane: str) -> None:
        resource = Resource.create({"service.name": service, "tandem.lane": lane})
        self._provider = TracerProvider(resource=resource)
        trace.set_tracer_provider(self._provider)

    def client_interceptors(self) -> Sequence[grpc.aio.ClientInterceptor]:
        """Put the current trace into the metadata of every call."""
        interceptors: Sequence[grpc.aio.ClientInterceptor] = aio_client_interceptors(  # type: ignore[no-untyped-call]
            self._provider
        )
        return interceptors

    def server_interceptor(self) -> grpc.aio.ServerInterceptor:
        """Continue, in the handler, the trace that the call's metadata name."""
        interceptor: grpc.aio.ServerInterceptor = aio_server_interceptor(  # type: ignore[no-untyped-call]
            self._provider
        )
        return interceptor

    def http(self, app: ASGIApp) -> ASGIApp:
        """Continue, in the application, the trace that the request's headers name."""
        traced: ASGIApp = OpenTelemetryMiddleware(
            app,
            tracer_provider=self._provider,
            excluded_urls="healthz,/metrics$",
            exclude_spans=["receive", "send"],
        )
        return traced
