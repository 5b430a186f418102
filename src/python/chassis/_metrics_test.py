"""What is measured: under names and labels that docs/observability.md promises."""

from dataclasses import fields

import grpc
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

import grpc_kafka
from chassis._in_flight import InFlight
from chassis._metrics import Metrics
from chassis._served import Ended
from grpc_kafka import aio
from grpc_kafka.testing import InMemoryBroker

SERVICE = "tandem.test.Counter"
ENDPOINT = grpc_kafka.Endpoint("nowhere:1", "test", "counter")
SERVED = "rpc_server_duration_seconds"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("counter", "test", "1.0")


def read(metrics: Metrics, name: str) -> list[tuple[dict[str, str], float]]:
    """Every sample of this name: its labels and its value."""
    body, _ = metrics.exposition("")
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == name
    ]


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """The value of the one sample that has these labels."""
    [found] = [number for has, number in read(metrics, name) if labels.items() <= has.items()]
    return found


def test_calls_are_counted_by_method_and_status(metrics: Metrics) -> None:
    for seconds in (0.002, 0.3):
        metrics.served(Ended(f"/{SERVICE}/Count", grpc.StatusCode.OK, seconds))
    metrics.called(Ended(f"/{SERVICE}/Count", grpc.StatusCode.NOT_FOUND, 0.5))
    labels = {"rpc_system": "grpc", "rpc_service": SERVICE, "rpc_method": "Count"}
    ok = {**labels, "rpc_grpc_status_code": "0"}
    assert value(metrics, f"{SERVED}_count", **ok) == 2
    assert value(metrics, f"{SERVED}_sum", **ok) == pytest.approx(0.302)
    assert value(metrics, f"{SERVED}_bucket", **ok, le="0.0025") == 1
    missing = {**labels, "rpc_grpc_status_code": "5"}
    assert value(metrics, "rpc_client_duration_seconds_count", **missing) == 1


def test_methods_that_are_not_there_make_one_series(metrics: Metrics) -> None:
    for number in range(100):
        method = f"/{SERVICE}/Guess{number}"
        metrics.served(Ended(method, grpc.StatusCode.UNIMPLEMENTED, 0.0, known=False))
    [(labels, count)] = read(metrics, f"{SERVED}_count")
    assert (labels["rpc_service"], labels["rpc_method"], count) == ("other", "other", 100)


def test_whose_measurements_these_are_is_said(metrics: Metrics) -> None:
    [(labels, _)] = read(metrics, "target_info")
    assert labels == {
        "service_name": "counter",
        "service_version": "1.0",
        "tandem_lane": "test",
    }


def test_a_process_without_edges_has_its_own_measurements_alone(metrics: Metrics) -> None:
    body, _ = metrics.exposition("")
    assert b"\ngrpc_kafka_events_total{" not in body
    assert b"\ngrpc_kafka_in_flight{" not in body
    assert b"\ngrpc_kafka_waiting" not in body
    assert b"\nhttp_server_active_requests" not in body


async def test_requests_under_way_are_told_by_kind(metrics: Metrics) -> None:
    told: list[tuple[float, float]] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        told.append(under_way())
        await PlainTextResponse("a page")(scope, receive, send)

    def under_way() -> tuple[float, float]:
        name = "http_server_active_requests"
        return value(metrics, name, kind="request"), value(metrics, name, kind="stream")

    in_flight = InFlight(page)
    metrics.watch_http(in_flight)
    assert under_way() == (0, 0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(in_flight)) as client:
        await client.get("http://test/")
    assert told == [(1, 0)]
    assert under_way() == (0, 0)


async def test_load_and_events_of_both_edges_are_told(metrics: Metrics) -> None:
    broker = InMemoryBroker()
    server = aio.server(ENDPOINT, broker=broker)
    server.add_registered_method_handlers(SERVICE, {})
    await server.start()
    channel = aio.channel(ENDPOINT, broker=broker)
    metrics.watch_server(server)
    metrics.watch_channel(channel)
    server.counters.dead_lettered = 3
    assert value(metrics, "grpc_kafka_events_total", side="server", event="dead_lettered") == 3
    told = {(has["side"], has["event"]) for has, _ in read(metrics, "grpc_kafka_events_total")}
    kinds = [each.name for each in fields(grpc_kafka.Counters)]
    assert told == {(side, kind) for side in ("client", "server") for kind in kinds}
    assert value(metrics, "grpc_kafka_in_flight", side="server") == 0
    assert value(metrics, "grpc_kafka_in_flight", side="client") == 0
    assert value(metrics, "grpc_kafka_waiting") == 0
    assert value(metrics, "grpc_kafka_queue_lag", rpc_service=SERVICE) == 0
    await channel.close()
    await server.stop(0)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text;version=1.0.0", "openmetrics-text")],
)
def test_the_format_is_one_that_is_asked_for(
    metrics: Metrics, accept: str, content_type: str
) -> None:
    body, told = metrics.exposition(accept)
    assert content_type in told
    assert body.endswith(b"# EOF\n") == ("openmetrics" in told)
