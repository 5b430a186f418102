"""What nginx refuses by itself, and how it says so."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.nginx.upstream import Upstream
from tests.support import nginx

BURST = 40
ATTEMPTS = ["/sign-in", "/sign-up", "/api/v1/sessions", "/api/v1/accounts"]


def answers(url: str, method: str, path: str, number: int) -> list[httpx.Response]:
    with httpx.Client(base_url=url) as client:
        return [client.request(method, path) for _ in range(number)]


@pytest.mark.parametrize("path", ATTEMPTS)
def test_a_flood_of_attempts_is_cut(upstream: Upstream, static_root: Path, path: str) -> None:
    with nginx.running(upstream.address, static_root) as edge:
        posted = answers(edge.url, "POST", path, 2 * BURST)
        read = answers(edge.url, "GET", path, 2 * BURST)
    refused = [answer for answer in posted if answer.is_error]
    # After the burst some pass as time goes by, two a second.
    assert BURST // 2 <= len(refused) <= BURST
    assert all(answer.is_success for answer in read)
    assert {answer.status_code for answer in refused} == {httpx.codes.TOO_MANY_REQUESTS}
    assert int(refused[0].headers["retry-after"]) > 0
    kind = "application/problem+json" if path.startswith("/api/") else "text/html"
    assert refused[0].headers["content-type"].partition(";")[0] == kind


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
