"""Spans leave a service, which never waits for who takes them."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from subprocess import Popen

import httpx
import pytest

from tests.chassis.running import COMPLETE, TRACE_ID, greeter, next_entry
from tests.support import collector
from tests.support.collector import Collector

PARENT = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE_ID}-{PARENT}-01"
QUICK = 15.0  # seconds for a hundred requests on a busy machine; one batch that fails takes 5
STOP = 20.0  # seconds from SIGTERM to the end; a collector that hangs keeps who waits for 30


@pytest.fixture
def taken() -> Iterator[Collector]:
    with collector.running() as made:
        yield made


def hello(port: object, times: int = 1, **headers: str) -> float:
    """Ask so often; gives the seconds it took."""
    started = time.monotonic()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        for _ in range(times):
            client.get("/hello", headers=headers).raise_for_status()
    return time.monotonic() - started


def stop(process: Popen[str]) -> tuple[list[dict[str, object]], float]:
    """End the service; gives what it logged, and the seconds it took."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert errors == ""
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()], time.monotonic() - started


def lost(port: object, spans: int) -> None:
    """Wait until so many were refused."""
    told, deadline = f'tandem_spans_total{{outcome="failed"}} {spans:.1f}', time.monotonic() + 20
    while told not in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=20).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_span_arrives_with_its_parent_and_with_whose_it_is(taken: Collector) -> None:
    settings = {"TANDEM_TRACES_ENDPOINT": taken.url, "TANDEM_VERSION": "1.2.3"}
    with greeter(**COMPLETE, **settings) as process:
        hello(next_entry(process)["http_port"], traceparent=SAMPLED)
        (span,) = taken.until(bool)
        stop(process)
    assert (span.trace, span.parent, span.kind) == (TRACE_ID, PARENT, "SERVER")
    assert span.resource["service.name"] == "greeter"
    assert span.resource["service.version"] == "1.2.3"
    assert span.resource["service.instance.id"] == f"{socket.gethostname()}-{process.pid}"
    assert span.resource["tandem.lane"] == "blue"


def test_the_last_spans_are_sent_at_the_stop(taken: Collector) -> None:
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        hello(next_entry(process)["http_port"], 20)
        _, seconds = stop(process)
    assert len(taken.spans()) == 20
    assert seconds < STOP


def test_without_a_collector_requests_are_as_quick_and_the_log_tells_of_it_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=nobody) as process:
        port = next_entry(process)["http_port"]
        assert hello(port, 100) < QUICK
        entries = []
        while (entry := next_entry(process))["event"] != "traces are lost":
            entries.append(entry)
        assert entry["endpoint"] == nobody
        assert entry["reason"]
        hello(port, 100)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        after, seconds = stop(process)
    assert {each["event"] for each in entries} == {"greeted"}
    assert {each["event"] for each in after} == {"greeted", "stopping", "stopped"}
    assert seconds < STOP
    assert 'tandem_spans_total{outcome="sent"} 0.0' in metrics
    assert 'tandem_spans_total{outcome="failed"} 0.0' not in metrics


def test_a_collector_that_hangs_slows_no_request_and_holds_up_no_stop(taken: Collector) -> None:
    taken.answer = 0
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        port = next_entry(process)["http_port"]
        assert hello(port, 100) < QUICK
        entries, seconds = stop(process)
    events = [str(each["event"]) for each in entries if each["event"] != "greeted"]
    # Where requests took long, the first batch was given up before.
    assert sorted(events[:-1]) == ["stopping", "traces are lost"]
    assert events[-1] == "stopped"
    assert seconds < STOP


def test_spans_are_sent_again_when_the_collector_is_back(taken: Collector) -> None:
    taken.answer = 400
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        port = next_entry(process)["http_port"]
        hello(port, 3)
        while next_entry(process)["event"] != "traces are lost":
            pass
        lost(port, 3)  # they may leave in two batches
        taken.answer = 200
        hello(port, 4)
        assert len(taken.until(lambda spans: len(spans) >= 4)) == 4
        entries, _ = stop(process)
    again = next(each for each in entries if each["event"] == "traces are sent again")
    assert again["lost_spans"] == 3


def test_the_ratio_says_which_part_of_the_traces_is_recorded(taken: Collector) -> None:
    settings = {"TANDEM_TRACES_ENDPOINT": taken.url, "TANDEM_TRACES_RATIO": "0.5"}
    ids = [f"{index:x}{TRACE_ID[1:16]}{index:x}{TRACE_ID[17:]}" for index in range(1, 16)]
    with greeter(**COMPLETE, **settings) as process:
        port = next_entry(process)["http_port"]
        for each in ids:
            hello(port, traceparent=f"00-{each}-{PARENT}-01")
        stop(process)
    # The choice is by the lower half of the id, so all processes choose the same.
    assert {span.trace for span in taken.spans()} == {each for each in ids if each[16] < "8"}


def test_what_the_caller_left_out_is_not_recorded_and_keeps_its_id(taken: Collector) -> None:
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        port = next_entry(process)["http_port"]
        hello(port, traceparent=f"00-{TRACE_ID}-{PARENT}-00")
        entries, _ = stop(process)
    assert entries[0]["trace_id"] == TRACE_ID
    assert taken.spans() == []


def test_health_and_metrics_are_no_traces(taken: Collector) -> None:
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        port = next_entry(process)["http_port"]
        for path in ("healthz", "metrics"):
            httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=5).raise_for_status()
        stop(process)
    assert taken.spans() == []


def test_a_query_stays_in_the_process(taken: Collector) -> None:
    with greeter(**COMPLETE, TANDEM_TRACES_ENDPOINT=taken.url) as process:
        port = next_entry(process)["http_port"]
        url = f"http://127.0.0.1:{port}/hello?password=hunter2"
        httpx.get(url, timeout=5).raise_for_status()
        (span,) = taken.until(bool)
        stop(process)
    assert span.attributes["http.target"] == "/hello"
    assert "hunter2" not in str(span)
