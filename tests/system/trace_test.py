"""One W3C trace id follows a request through everything that it meets."""

import json
import time

import httpx
import pytest

from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")

WRITTEN_WITHIN = 5.0  # seconds from an answer to the last of its log entries


def logs_with(tandem: System, trace_id: str) -> set[str]:
    """Which processes logged something of this trace."""
    return {
        log.stem
        for log in tandem.logs.glob("*.log")
        for line in log.read_text().splitlines()
        if line.startswith("{") and json.loads(line).get("trace_id") == trace_id
    }


def test_one_trace_id_is_in_the_logs_of_nginx_account_identity_and_database(
    tandem: System,
) -> None:
    with Client(tandem.url) as client:
        answer = client.sign_up(Person("Ada Lovelace"))
    assert answer.status_code == httpx.codes.CREATED
    trace_id = answer.headers["x-request-id"]
    expected = {"nginx", "account", "identity", "database"}
    deadline = time.monotonic() + WRITTEN_WITHIN
    while logs_with(tandem, trace_id) < expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert logs_with(tandem, trace_id) == expected


def test_a_stranger_cannot_choose_the_trace_id(tandem: System) -> None:
    chosen = "0af7651916cd43dd8448eb211c80319c"
    with Client(tandem.url) as client:
        headers = {"traceparent": f"00-{chosen}-b7ad6b7169203331-01", "x-request-id": chosen}
        answer = client.get("/", headers=headers)
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["x-request-id"] != chosen
    assert logs_with(tandem, chosen) == set()
