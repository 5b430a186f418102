"""What is measured of a process, in the form that Prometheus reads.

Names are those of OpenTelemetry's semantic conventions where they have one; docs/observability.md
says what each means.
"""

from collections.abc import Iterator
from dataclasses import fields

from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis._served import Ended
from grpc_kafka import Counters, aio

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
    """

    def __init__(self, service: str, lane: str) -> None:
        self._registry = CollectorRegistry()
        about = Info("target", "Whose measurements these are", registry=self._registry)
        about.info({"service_name": service, "tandem_lane": lane})
        self._served = self._histogram("rpc_server_duration_seconds", "Calls that were served")
        self._called = self._histogram("rpc_client_duration_seconds", "Calls that were made")
        self._edges = _Edges()
        self._registry.register(self._edges)
        ProcessCollector(registry=self._registry)

    def served(self, ended: Ended) -> None:
        """Count a call that was served."""
        _observe(self._served, ended)

    def called(self, ended: Ended) -> None:
        """Count a call that was made."""
        _observe(self._called, ended)

    def watch_server(self, server: aio.KafkaServer) -> None:
        """Tell of this server's load and what it counts, whenever asked."""
        self._edges.server = server

    def watch_channel(self, channel: aio.KafkaChannel) -> None:
        """Tell of this channel's load and what it counts, whenever asked."""
        self._edges.channel = channel

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it now, in a format that the header `Accept` allows, and the content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(name, what, _LABELS, buckets=_BUCKETS, registry=self._registry)


def _observe(histogram: Histogram, ended: Ended) -> None:
    service, method = OTHER, OTHER
    if ended.known:
        service, _, method = ended.method.removeprefix("/").rpartition("/")
    number: int = ended.code.value[0]
    histogram.labels("grpc", service, method, str(number)).observe(ended.seconds)


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


def _add(events: CounterMetricFamily, side: str, counters: Counters) -> None:
    for each in fields(counters):
        events.add_metric([side, each.name], getattr(counters, each.name))
