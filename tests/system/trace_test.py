"""One W3C trace id follows a request through everything that it meets."""

import json
import time
from collections.abc import Sequence

import httpx
import pytest

from tests.support.collector import Collector, Span, way_to
from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.usefixtures("calm")

WRITTEN_WITHIN = 20.0  # seconds from an answer to the last of its log entries


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


def test_spans_lead_from_nginx_through_kafka_to_the_database(
    tandem: System, spans: Collector
) -> None:
    sign_up = "/tandem.identity.v1.Identity/SignUp"
    create = "/tandem.database.v1.AccountStore/CreateAccount"
    with Client(tandem.url) as client:
        trace_id = client.sign_up(Person("Grace Hopper")).headers["x-request-id"]

    def way(told: Sequence[Span]) -> Sequence[Span]:
        of_trace = [each for each in told if each.trace == trace_id]
        ends = [each for each in of_trace if (each.name, each.kind) == (create, "SERVER")]
        return way_to(ends[0], of_trace) if ends else ()

    # Each process sends its own, so what is nearer to nginx may come later.
    found = way(spans.until(lambda told: [each.kind for each in way(told)].count("SERVER") == 3))
    edges = [each for each in found if each.kind != "INTERNAL"]  # FastAPI adds some of its own
    assert [(each.service, each.kind, each.name) for each in edges] == [
        ("account", "SERVER", "POST /api/v1/accounts"),
        ("account", "CLIENT", sign_up),
        ("identity", "SERVER", sign_up),
        ("identity", "CLIENT", create),
        ("database", "SERVER", create),
    ]
    assert found[0].parent == trace_id[:16]  # nginx's own, which it names in its log
    assert {each.resource["tandem.lane"] for each in found} == {"blue"}
