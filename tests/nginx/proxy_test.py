"""What nginx tells account, and what it keeps to itself."""

import re

import httpx
import pytest

from tests.nginx.upstream import PAGE, Upstream
from tests.support.nginx import Nginx, logged

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")
STRANGER = "0af7651916cd43dd8448eb211c80319c"


def test_a_request_reaches_account_with_a_trace_that_begins_at_the_edge(
    client: httpx.Client, upstream: Upstream
) -> None:
    foreign = {"traceparent": f"00-{STRANGER}-b7ad6b7169203331-01", "tracestate": "their=own"}
    answer = client.get("/account?activity=1", headers=foreign | {"x-request-id": STRANGER})
    method, path, headers = upstream.received[-1]
    assert (method, path) == ("GET", "/account?activity=1")
    trace = TRACEPARENT.fullmatch(headers["traceparent"])
    assert trace is not None
    assert trace[1] != STRANGER
    assert headers["tracestate"] is None
    assert trace[1] == headers["x-request-id"] == answer.headers["x-request-id"]


def test_account_learns_the_clients_address_from_nginx_alone(
    client: httpx.Client, upstream: Upstream
) -> None:
    forged = {"x-real-ip": "203.0.113.9", "x-forwarded-for": "203.0.113.9"}
    client.get("/", headers=forged)
    headers = upstream.received[-1][2]
    assert headers.get_all("x-real-ip") == ["127.0.0.1"]
    assert headers["x-forwarded-for"] is None


def test_connections_to_account_are_kept(edge: Nginx, upstream: Upstream) -> None:
    before = len(upstream.clients)
    for _ in range(5):
        httpx.get(edge.url).raise_for_status()
    assert len(set(upstream.clients[before:])) == 1


def test_an_error_of_account_is_passed_on_as_it_is(client: httpx.Client) -> None:
    answer = client.get("/missing")
    assert (answer.status_code, answer.content) == (404, PAGE)


def test_pages_are_compressed(client: httpx.Client) -> None:
    answer = client.get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.content == PAGE


@pytest.mark.parametrize(
    "path",
    [
        *("/healthz", "/%68ealthz", "/x/../healthz", "//healthz"),
        *("/metrics", "/%6detrics", "/x/../metrics", "//metrics", "/metrics?x=1"),
        *("/healthz%0A", "/metrics%0A"),  # which account takes for the address before it
    ],
)
def test_what_concerns_those_who_run_the_site_is_not_shown_to_the_world(
    edge: Nginx, upstream: Upstream, path: str
) -> None:
    before = len(upstream.received)
    url = httpx.URL(edge.url).copy_with(raw_path=path.encode())
    assert httpx.get(url).status_code == httpx.codes.NOT_FOUND
    assert len(upstream.received) == before


def test_the_version_of_nginx_is_not_told(client: httpx.Client) -> None:
    assert client.get("/healthz").headers["server"] == "nginx"
    assert "nginx" not in client.get("/healthz").text


def test_the_log_is_json_with_the_trace_and_without_the_query(
    client: httpx.Client, edge: Nginx
) -> None:
    answer = client.get('/quoted"path?secret=1', headers={"user-agent": "x"})
    trace = answer.headers["x-request-id"]
    entries = logged(edge.log, lambda entries: any(each["trace_id"] == trace for each in entries))
    entry = next(each for each in entries if each["trace_id"] == trace)
    assert (entry["method"], entry["status"], entry["client"]) == ("GET", 200, "127.0.0.1")
    assert entry["path"] == "/quoted%22path"
    assert "secret" not in str(entry)
    assert 0 <= float(str(entry["header_seconds"])) <= float(str(entry["upstream_seconds"]))
