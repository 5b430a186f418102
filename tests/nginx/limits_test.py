"""What nginx refuses by itself, and how it says so."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import httpx
import pytest

from local.nginx import REQUEST_LIMITS
from tests.nginx.upstream import Upstream
from tests.support import nginx
from tests.support.nginx import Nginx

BURST = 40
AT_ONCE = 64
ATTEMPTS = ["/sign-in", "/sign-up", "/api/v1/sessions", "/api/v1/accounts"]


def opened(url: str, connections: int) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=10, limits=httpx.Limits(max_connections=connections))


def answers(url: str, method: str, path: str, number: int) -> list[httpx.Response]:
    with httpx.Client(base_url=url, timeout=20) as client:
        return [client.request(method, path) for _ in range(number)]


def refused_of_a_flood(
    url: str, method: str, path: str, number: int, rate: float
) -> list[httpx.Response]:
    """What is refused of so many requests: all past the burst, but for the rate as time goes by."""
    began = time.monotonic()
    sent = answers(url, method, path, number)
    passed = sum(answer.is_success for answer in sent)
    assert BURST < passed <= BURST + 2 + rate * (time.monotonic() - began)
    return [answer for answer in sent if answer.is_error]


@pytest.mark.parametrize("path", ATTEMPTS)
def test_a_flood_of_attempts_is_cut(upstream: Upstream, static_root: Path, path: str) -> None:
    with nginx.running(upstream.address, static_root) as edge:
        refused = refused_of_a_flood(edge.url, "POST", path, 2 * BURST, rate=2)
        read = answers(edge.url, "GET", path, 2 * BURST)
    assert all(answer.is_success for answer in read)
    assert {answer.status_code for answer in refused} == {httpx.codes.TOO_MANY_REQUESTS}
    assert int(refused[0].headers["retry-after"]) > 0
    kind = "application/problem+json" if path.startswith("/api/") else "text/html"
    assert refused[0].headers["content-type"].partition(";")[0] == kind


@pytest.mark.parametrize("path", ATTEMPTS)
def test_no_other_spelling_gets_an_attempt_past_the_count(
    client: httpx.Client, upstream: Upstream, path: str
) -> None:
    before = len(upstream.received)
    answer = client.post(f"{path}%0A")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert len(upstream.received) == before


@pytest.mark.parametrize("path", ["/account", "/api/v1/account"])
def test_a_flood_of_requests_is_cut_but_static_files_are_served(
    upstream: Upstream, static_root: Path, path: str
) -> None:
    name = next(file.name for file in static_root.glob("site.*.css"))
    with nginx.running(upstream.address, static_root, limits=REQUEST_LIMITS) as edge:
        refused = refused_of_a_flood(edge.url, "GET", path, 4 * BURST, rate=20)
        files = answers(edge.url, "GET", f"/static/{name}", 4 * BURST)
    assert {answer.status_code for answer in refused} == {httpx.codes.TOO_MANY_REQUESTS}
    assert int(refused[0].headers["retry-after"]) > 0
    assert all(answer.is_success for answer in files)


def test_so_many_requests_of_one_client_are_answered_at_the_same_time(
    edge: Nginx, upstream: Upstream
) -> None:
    upstream.release.clear()
    crowd = AT_ONCE + 6
    with ThreadPoolExecutor(crowd) as threads, opened(edge.url, connections=crowd) as client:
        waiting = [threads.submit(client.get, "/waiting") for _ in range(crowd)]
        refused = [done.result() for done in islice(as_completed(waiting), 6)]
        upstream.release.set()
        codes = [each.result().status_code for each in waiting]
    assert {answer.status_code for answer in refused} == {httpx.codes.TOO_MANY_REQUESTS}
    assert codes.count(httpx.codes.OK) == AT_ONCE


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8:a:a0a::1", "2001:db8:a:a0a:a0a:0:a:a0a", True),  # bytes that end lines
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_a_client_is_known_by_what_it_cannot_change(
    upstream: Upstream, static_root: Path, tmp_path: Path, one: str, other: str, same: bool
) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/told.conf").write_text("set_real_ip_from 127.0.0.1; real_ip_header X-Told;")
    limits = {"REQUEST_RATE": "1r/m", "REQUEST_BURST": "1"}
    with nginx.running(upstream.address, static_root, folder=tmp_path, limits=limits) as edge:
        first = [httpx.get(edge.url, headers={"x-told": one}).status_code for _ in range(3)]
        then = httpx.get(edge.url, headers={"x-told": other}).status_code
    assert first == [200, 200, 429]
    assert (then == httpx.codes.TOO_MANY_REQUESTS) is same


def test_a_large_body_is_refused_before_account_sees_it(
    client: httpx.Client, upstream: Upstream
) -> None:
    before = len(upstream.received)
    answer = client.post("/account/profile", content=b"x" * 40_000)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert "Too large" in answer.text
    assert len(upstream.received) == before


def test_headers_without_end_are_refused(client: httpx.Client) -> None:
    answer = client.get("/", headers={"cookie": "x" * 10_000})
    assert answer.status_code == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE


class TestWhenAccountIsDown:
    @pytest.fixture
    def lonely(self, static_root: Path) -> Iterator[httpx.Client]:
        with (
            nginx.running("127.0.0.1:1", static_root) as edge,
            httpx.Client(base_url=edge.url) as client,
        ):
            yield client

    def test_people_get_a_page_that_says_when_to_come_back(self, lonely: httpx.Client) -> None:
        answer = lonely.get("/account")
        assert answer.status_code == httpx.codes.BAD_GATEWAY
        assert "Temporarily unavailable" in answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        style = lonely.get("/errors/page.css")
        assert style.headers["content-type"].partition(";")[0] == "text/css"

    def test_a_form_that_was_sent_gets_it_too(self, lonely: httpx.Client) -> None:
        answer = lonely.post("/sign-in", data={"email": "ada@example.com"})
        assert answer.status_code == httpx.codes.BAD_GATEWAY
        assert "Temporarily unavailable" in answer.text

    def test_programs_get_a_problem(self, lonely: httpx.Client) -> None:
        answer = lonely.get("/api/v1/account")
        assert answer.status_code == httpx.codes.BAD_GATEWAY
        assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
        assert answer.json()["type"] == "urn:tandem:problem:unavailable"

    def test_static_files_are_served_all_the_same(
        self, lonely: httpx.Client, static_root: Path
    ) -> None:
        name = next(file.name for file in static_root.glob("site.*.css"))
        assert lonely.get(f"/static/{name}").status_code == httpx.codes.OK
