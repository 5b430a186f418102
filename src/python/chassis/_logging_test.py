"""Logs: one JSON object a line, with where it came from and the trace it belongs to."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from chassis import LogFormat, Settings, _logging


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _settings(log_format: LogFormat = LogFormat.JSON) -> Settings:
    return Settings(
        kafka_bootstrap_servers="127.0.0.1:9092", http_port=0, lane="green", log_format=log_format
    )


def _entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_entry_names_its_service_and_lane(capsys: pytest.CaptureFixture[str]) -> None:
    _logging.configure("shop", _settings())
    structlog.get_logger().info("opened", door=3)
    [entry] = _entries(capsys)
    assert entry.pop("timestamp")
    assert entry == {
        "event": "opened",
        "door": 3,
        "level": "info",
        "service": "shop",
        "lane": "green",
    }


def test_an_entry_within_a_span_carries_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    _logging.configure("shop", _settings())
    with TracerProvider().get_tracer("test").start_as_current_span("call") as span:
        structlog.get_logger().info("within")
    [entry] = _entries(capsys)
    assert entry["trace_id"] == f"{span.get_span_context().trace_id:032x}"


def test_a_librarys_warning_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    _logging.configure("shop", _settings())
    logging.getLogger("uvicorn.error").warning("limit %d reached", 5)
    logging.getLogger("uvicorn.error").info("chatter")
    [entry] = _entries(capsys)
    assert entry["event"] == "limit 5 reached"
    assert entry["service"] == "shop"


def _sign_in(password: str) -> None:
    raise ValueError(f"refused after {len(password)} characters")


@pytest.mark.parametrize("log_format", LogFormat)
def test_an_exception_never_shows_local_variables(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    _logging.configure("shop", _settings(log_format))
    try:
        _sign_in("hunter2")
    except ValueError:
        structlog.get_logger().exception("failed")
    written = capsys.readouterr().out
    assert "refused after 7 characters" in written
    assert "_sign_in" in written
    assert "hunter2" not in written.replace('_sign_in("hunter2")', "")
