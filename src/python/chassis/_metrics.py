"""What is measured of a process, in the form that Prometheus reads.

Names are those of OpenTelemetry's semantic conventions where they have one; docs/observability.md
says what each means.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

import grpc
from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis._in_flight import InFlight, Kind
from chassis._served import Ended
from grpc_kafka import Counters, aio

if TYPE_CHECKING:
    from chassis._spans import Spans

OTHER = "other"
"""In place of the names of a method that is not there: a client may ask for any."""

_LABELS = ("rpc_system", "rpc_service", "rpc_method", "rpc_grpc_status_code")
# Seconds: those of the semantic conventions, and below them what a call over Kafka takes.
_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1),
    *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)


class Metrics:
    """The measurements of one process.

    Args:
        service: The application's name.
        lane: The release's.
        version: The release's.

    Attributes:
        served: Counts a call that was served.
        called: Counts a call that was made.
    """

    def __init__(self, service: str, lane: str, version: str) -> None:
        self._registry = CollectorRegistry()
        about = Info("target", "Whose measurements these are", registry=self._registry)
        about.info({"service_name": service, "service_version": version, "tandem_lane": lane})
        self.served = _Durations(
            "rpc_server_duration_seconds", "Calls that were served", self._registry
        ).add
        self.called = _Durations(
            "rpc_client_duration_seconds", "Calls that were made", self._registry
        ).add
        self._edges = _Edges()
        self._registry.register(self._edges)
        ProcessCollector(registry=self._registry)

    def watch_server(self, server: aio.KafkaServer) -> None:
        """Tell of this server's load and what it counts, whenever asked."""
        self._edges.server = server

    def watch_channel(self, channel: aio.KafkaChannel) -> None:
        """Tell of this channel's load and what it counts, whenever asked."""
        self._edges.channel = channel

    def watch_http(self, in_flight: InFlight) -> None:
        """Tell what the application of the process has under way, whenever asked."""
        self._registry.register(_Requests(in_flight))

    def watch_spans(self, spans: "Spans") -> None:
        """Tell how many spans left the process, whenever asked."""
        self._registry.register(_Sent(spans))

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it now, in a format that the header `Accept` allows, and the content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _Durations:
    """Calls by method and status, and how long they took."""

    def __init__(self, name: str, what: str, registry: CollectorRegistry) -> None:
        self._histogram = Histogram(name, what, _LABELS, buckets=_BUCKETS, registry=registry)
        # To look them up by their labels would take longer than all else.
        self._by_call: dict[tuple[str, grpc.StatusCode], Histogram] = {}

    def add(self, ended: Ended) -> None:
        key = (ended.method if ended.known else OTHER, ended.code)
        one = self._by_call.get(key)
        if one is None:
            one = self._by_call[key] = self._labelled(*key)
        one.observe(ended.seconds)

    def _labelled(self, path: str, code: grpc.StatusCode) -> Histogram:
        service, _, method = path.removeprefix("/").rpartition("/")
        number: int = code.value[0]
        return self._histogram.labels("grpc", service or OTHER, method, str(number))


class _Edges(Collector):
    """What channel and server know of themselves, read when asked: calls pay nothing for it."""

    def __init__(self) -> None:
        self.server: aio.KafkaServer | None = None
        self.channel: aio.KafkaChannel | None = None

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        events = CounterMetricFamily(
            "grpc_kafka_events", "What became of records beside answers", labels=["side", "event"]
        )
        in_flight = GaugeMetricFamily("grpc_kafka_in_flight", "Calls under way", labels=["side"])
        if self.channel is not None:
            _add(events, "client", self.channel.counters)
            in_flight.add_metric(["client"], self.channel.in_flight)
        if self.server is not None:
            _add(events, "server", self.server.counters)
            load = self.server.load()
            in_flight.add_metric(["server"], load.in_flight)
            yield GaugeMetricFamily(
                "grpc_kafka_waiting", "Requests taken and not begun", value=load.waiting
            )
            lag = GaugeMetricFamily(
                "grpc_kafka_queue_lag", "Records not taken from the queue", labels=["rpc_service"]
            )
            for service, records in load.lag.items():
                lag.add_metric([service], records)
            yield lag
        yield from (in_flight, events)


class _Requests(Collector):
    """What is asked of the process by HTTP."""

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        active = GaugeMetricFamily(
            "http_server_active_requests", "Requests under way", labels=["kind"]
        )
        for kind in Kind:
            active.add_metric([kind], self._in_flight.count(kind))
        yield active


class _Sent(Collector):
    """What became of spans."""

    def __init__(self, spans: "Spans") -> None:
        self._spans = spans

    def collect(self) -> Iterator[Metric]:
        """Read it."""
        sent = CounterMetricFamily(
            "tandem_spans",
            "Spans that were sent to the collector, or failed to be",
            labels=["outcome"],
        )
        sent.add_metric(["sent"], self._spans.sent)
        sent.add_metric(["failed"], self._spans.failed)
        yield sent


def _add(events: CounterMetricFamily, side: str, counters: Counters) -> None:
    for each in fields(counters):
        events.add_metric([side, each.name], getattr(counters, each.name))
