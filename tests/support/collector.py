"""What an OpenTelemetry collector is to a service: it takes spans by OTLP/HTTP, and keeps them.

with collector.running() as taken:
    ...  # TANDEM_TRACES_ENDPOINT is taken.url
    spans = taken.until(lambda spans: len(spans) == 2)
"""

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

WAIT = 30.0
"""Seconds from the end of a span to its arrival; services send every second."""

_SILENCE = 30.0  # seconds that a collector which hangs keeps its clients


@dataclass(frozen=True)
class Span:
    """A span as the collector was told of it.

    Attributes:
        trace: The trace's id, in hexadecimal.
        id: Its own.
        parent: The id of its parent, or nothing.
        name: What it is of.
        kind: `SERVER`, `CLIENT` or another of OpenTelemetry's.
        attributes: What is known of it.
        resource: What is known of its process.
    """

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    attributes: Mapping[str, str]
    resource: Mapping[str, str]

    @property
    def service(self) -> str:
        """Whose it is."""
        return self.resource["service.name"]


class Collector:
    """A collector that runs.

    Attributes:
        url: Where it takes spans.
        answer: The status of its answers; 0 lets clients wait.
        batches: How many requests it got.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answer = int(HTTPStatus.OK)
        self.batches = 0
        self.ended = threading.Event()
        self._spans: list[Span] = []
        self._came = threading.Condition()

    def spans(self) -> Sequence[Span]:
        """All that came so far."""
        with self._came:
            return list(self._spans)

    def until(self, enough: Callable[[Sequence[Span]], bool], wait: float = WAIT) -> Sequence[Span]:
        """Wait until these spans are there; gives all.

        Raises:
            TimeoutError: they did not come; the message has those that did.
        """
        deadline = time.monotonic() + wait
        with self._came:
            while not enough(self._spans):
                if not self._came.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{len(self._spans)} spans came: {self._spans[-20:]}")
            return list(self._spans)

    def take(self, body: bytes) -> None:
        """Keep what a request tells."""
        told = list(_read(ExportTraceServiceRequest.FromString(body)))
        with self._came:
            self.batches += 1
            self._spans += told
            self._came.notify_all()


def way_to(span: Span, spans: Sequence[Span]) -> Sequence[Span]:
    """A span and all that it came by, the outermost first."""
    above = {each.id: each for each in spans}
    way = [span]
    while (parent := above.get(way[0].parent)) is not None:
        way.insert(0, parent)
    return way


@contextmanager
def running() -> Iterator[Collector]:
    """Run a collector on a free loopback port."""
    collector = Collector()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(collector))
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield collector
    finally:
        collector.ended.set()
        server.shutdown()
        serving.join()
        server.server_close()


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the base class calls it so
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if collector.answer == 0:
                collector.ended.wait(_SILENCE)
                self.close_connection = True
                return
            known = self.path == "/v1/traces"
            status = collector.answer if known else HTTPStatus.NOT_FOUND
            if status == HTTPStatus.OK:
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as above
            pass

    return Handler


def _read(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for part in request.resource_spans:
        resource = _attributes(part.resource.attributes)
        for scope in part.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    _attributes(span.attributes),
                    resource,
                )


def _attributes(pairs: Sequence[KeyValue]) -> Mapping[str, str]:
    return {
        each.key: str(getattr(each.value, each.value.WhichOneof("value") or "string_value"))
        for each in pairs
    }
