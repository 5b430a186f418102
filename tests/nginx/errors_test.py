"""The errors that nginx answers itself: alike to people, to programs, and to who waits."""

import re
from pathlib import Path

import httpx
import pytest

from services.account.api.problems import Problem
from tests.support import nginx
from tests.support.nginx import SOURCE, Nginx

ERRORS = SOURCE / "errors"
SECONDS = re.compile(r"Wait (\d+) seconds")


@pytest.mark.parametrize(
    ("method", "path", "host", "size", "status"),
    [
        ("GET", "/api/v1/account", "a b", 0, 400),
        ("TRACE", "/api/v1/account", "a", 0, 405),
        ("POST", "/api/v1/account", "a", 40_000, 413),
    ],
)
def test_a_program_gets_the_problem_that_the_description_promises(
    client: httpx.Client, method: str, path: str, host: str, size: int, status: int
) -> None:
    answer = client.request(method, path, headers={"host": host}, content=b"x" * size)
    assert answer.status_code == status
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    assert Problem.model_validate_json(answer.content).status == status


def test_headers_without_end_are_a_problem_of_their_own_status(edge: Nginx) -> None:
    answer = httpx.get(f"{edge.url}/api/v1/account", headers={"cookie": "x" * 10_000})
    assert answer.status_code == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE
    assert Problem.model_validate_json(answer.content).status == answer.status_code


def test_an_account_that_is_down_is_a_problem_of_the_status_that_is_answered(
    static_root: Path,
) -> None:
    with nginx.running("127.0.0.1:1", static_root) as lonely:
        answer = httpx.get(f"{lonely.url}/api/v1/account")
    assert Problem.model_validate_json(answer.content).status == answer.status_code == 502


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_a_method_that_a_file_does_not_take_gets_a_page_that_says_which_it_does(
    client: httpx.Client, static_root: Path, method: str
) -> None:
    name = next(file.name for file in static_root.glob("site.*.css"))
    answer = client.request(method, f"/static/{name}")
    assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED
    assert "<h1>Method not allowed</h1>" in answer.text
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", [file.stem for file in sorted(ERRORS.glob("*.json"))])
def test_people_and_programs_are_told_the_same(name: str) -> None:
    page, data = (ERRORS / f"{name}.{form}" for form in ("html", "json"))
    for said in ("title", "detail"):
        [text] = re.findall(rf'"{said}": "(.*)"', data.read_text())
        assert f">{text}</" in page.read_text()


def test_the_pages_name_the_seconds_of_the_header() -> None:
    template = (SOURCE / "templates/tandem.conf.template").read_text()
    [table] = re.findall(r"map \$status \$error_retry {(.*?)}", template, re.DOTALL)
    retries = dict(re.findall(r'"(\d+)" "(\d+)";', table))
    named = {
        status: page
        for statuses, page in re.findall(r"error_page ([\d ]+) /errors/([a-z-]+)\.", template)
        for status in statuses.split()
    }
    for status, page in named.items():
        found = SECONDS.search((ERRORS / f"{page}.html").read_text())
        assert retries.get(status) == (found and found[1])
