"""A service from its start to its stop, as the process that a user runs."""

import json
import signal
from pathlib import Path

import httpx

from tests.chassis.running import COMPLETE, TRACE_ID, greeter, next_entry

ENDS = 60.0
"""Seconds that a process has to end, from its very start on a busy machine."""


def test_a_service_says_ready_answers_and_stops_on_sigterm() -> None:
    with greeter(**COMPLETE) as process:
        ready = next_entry(process)
        assert ready["event"] == "ready"
        response = httpx.get(f"http://127.0.0.1:{ready['http_port']}/hello", timeout=20)
        assert response.text == "hello"
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=ENDS)
    events = [json.loads(line)["event"] for line in output.splitlines()]
    assert events == ["greeted", "stopping", "stopped"]
    assert errors == ""
    assert process.returncode == 0


def test_a_service_that_has_nothing_to_drain_says_so_and_serves_on() -> None:
    with greeter(**COMPLETE) as process:
        port = next_entry(process)["http_port"]
        for _ in range(2):
            process.send_signal(signal.SIGUSR1)
            assert next_entry(process)["event"] == "draining"
        response = httpx.get(f"http://127.0.0.1:{port}/hello", timeout=20)
        assert response.text == "hello"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=ENDS)
    assert process.returncode == 0


def test_a_request_keeps_the_trace_that_it_came_with() -> None:
    with greeter(**COMPLETE) as process:
        port = next_entry(process)["http_port"]
        headers = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
        httpx.get(f"http://127.0.0.1:{port}/hello", headers=headers, timeout=20)
        greeted = next_entry(process)
    assert greeted["event"] == "greeted"
    assert greeted["trace_id"] == TRACE_ID


def test_wrong_settings_are_listed_and_the_exit_code_is_2() -> None:
    with greeter(TANDEM_HTTP_PORT="many") as process:
        _, errors = process.communicate(timeout=ENDS)
    assert "greeter cannot start, its settings are wrong:" in errors
    assert "TANDEM_HTTP_PORT: " in errors
    assert "TANDEM_KAFKA_BOOTSTRAP_SERVERS: not set" in errors
    assert process.returncode == 2


def test_a_secret_that_cannot_be_read_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "tandem_lane").write_bytes(b"hunter2\xff")
    with greeter(**COMPLETE, TANDEM_SECRETS_DIR=str(tmp_path)) as process:
        _, errors = process.communicate(timeout=ENDS)
    assert errors.splitlines() == [
        "greeter cannot start, its settings are wrong:",
        f"  TANDEM_LANE: the file {tmp_path}/tandem_lane is not text in UTF-8",
    ]
    assert process.returncode == 2


def test_a_taken_port_ends_the_start_with_what_to_do() -> None:
    with greeter(**COMPLETE) as first:
        port = str(next_entry(first)["http_port"])
        with greeter(**{**COMPLETE, "TANDEM_HTTP_PORT": port}) as second:
            output, _ = second.communicate(timeout=ENDS)
    entry = json.loads(output.splitlines()[-1])
    assert entry["event"] == "cannot start"
    assert "set TANDEM_HTTP_PORT" in entry["reason"]
    assert second.returncode == 1
