"""One W3C trace through HTTP and Kafka: OpenTelemetry's own instrumentation of ASGI and gRPC."""

import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc.aio
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.grpc import aio_client_interceptors, aio_server_interceptor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased
from starlette.types import ASGIApp, Scope

from chassis._settings import Settings

if TYPE_CHECKING:
    from chassis._spans import Spans


class Tracing:
    """The tracer of one process, and what carries a trace over its edges.

    Without an endpoint in the settings no span is recorded: trace ids are carried on, for logs.

    Args:
        service: The application's name.
        settings: Say where spans are sent, and how many.

    Attributes:
        spans: How they get there; None where they are sent nowhere.
    """

    def __init__(self, service: str, settings: Settings) -> None:
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.name": service,
                    "service.version": settings.version,
                    "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
                    "tandem.lane": settings.lane,
                }
            ),
            sampler=_sampler(settings),
            shutdown_on_exit=False,  # it would wait for half a minute; `close` does it in time
        )
        self.spans = _spans(settings.traces_endpoint)
        if self.spans is not None:
            self._provider.add_span_processor(self.spans.processor)
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
            server_request_hook=_forget_query,
            excluded_urls="healthz,/metrics$",
            exclude_spans=["receive", "send"],
        )
        return traced

    async def close(self, grace: float) -> None:
        """Send the last spans, within `grace` seconds."""
        if self.spans is not None:
            await self.spans.close(grace)


def _spans(endpoint: str | None) -> "Spans | None":
    if endpoint is None:
        return None
    from chassis._spans import Spans  # noqa: PLC0415  # 0.1 s that others do not need

    return Spans(endpoint)


def _forget_query(span: trace.Span, scope: Scope) -> None:
    """A query may hold what is for no log and no store; nginx leaves it out of its log, too."""
    if scope.get("query_string"):
        span.set_attribute("http.url", scope["path"])


def _sampler(settings: Settings) -> Sampler:
    """Who is recorded: what the caller's process left out never is, of the rest this ratio.

    The choice is made by the trace id, so that processes with one ratio choose the same traces.
    """
    if settings.traces_endpoint is None:
        return ALWAYS_OFF
    ratio = TraceIdRatioBased(settings.traces_ratio)
    return ParentBased(ratio, remote_parent_sampled=ratio)
