import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.developer.application import DeveloperPage
from local.developer.doorkeeper import Doorkeeper
from local.developer.overview import Filter, duration
from local.errors import PartFailedError
from local.journal import Journal
from local.part import Surroundings
from local.probes import HttpProbe
from local.program import Program
from local.record import Record
from local.supervisor import Supervisor

TRACE = "0af7651916cd43dd8448eb211c80319c"
PAGE = "http://127.0.0.1:8081"


class Silence:
    """A report that nobody reads."""

    def step(self, name: str, state: str, seconds: float) -> None: ...

    def failed(self, error: PartFailedError) -> None: ...

    def reloaded(self, name: str, seconds: float, because: str) -> None: ...

    def say(self, text: str) -> None: ...


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "logs")
    journal.write("identity", f'{{"event": "rpc served", "level": "info", "trace_id": "{TRACE}"}}')
    journal.write("account", "<script>alert(1)</script>")
    journal.close()
    return journal


@pytest.fixture
async def client(tmp_path: Path, journal: Journal) -> AsyncIterator[httpx.AsyncClient]:
    around = Surroundings(tmp_path, {}, Record(tmp_path / "run.json"), journal, {})
    programs = [
        Program("identity", ("true",), probe=HttpProbe(8083, "/healthz"), port=8083),
        Program("account", ("true",), announces=True),
        Program("static", ("true",), watches=(tmp_path / "static",)),
        Program("keys", ("true",)),
    ]
    parts = Supervisor(programs, around, Silence())
    page = DeveloperPage(parts, Doorkeeper(8081), {"site": "http://127.0.0.1:8080"})
    transport = httpx.ASGITransport(page.application())
    async with httpx.AsyncClient(transport=transport, base_url=PAGE) as client:
        yield client


async def token(client: httpx.AsyncClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', (await client.get("/")).text)
    assert found is not None
    return found[1]


async def test_page_lists_processes_and_the_logs_of_all(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    for text in ("identity", "8083", "waiting", "rpc served", "http://127.0.0.1:8080"):
        assert text in page.text


async def test_page_leads_to_the_measurements_of_services(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert re.findall(r'href="([^"]+/metrics)"', page.text) == ["http://127.0.0.1:8083/metrics"]


async def test_log_line_is_text_and_never_markup(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("query", ["program=identity", "text=RPC", f"trace={TRACE}"])
async def test_logs_are_searched(client: httpx.AsyncClient, query: str) -> None:
    lines = (await client.get(f"/?{query}")).text.partition('data-live="lines"')[2]
    assert "rpc served" in lines
    assert "alert" not in lines


@pytest.mark.parametrize("host", ["evil.example:8081", "127.0.0.1:8080", "127.0.0.1", ""])
async def test_other_hosts_are_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "identity" not in answer.text


async def test_restart_needs_the_pages_own_origin_and_token(client: httpx.AsyncClient) -> None:
    good = {"token": await token(client)}
    for origin, form in (
        ({}, good),
        ({"Origin": "http://127.0.0.1:8080"}, good),
        ({"Origin": "null"}, good),
        ({"Origin": PAGE}, {"token": "guess"}),
        ({"Origin": PAGE}, {}),
    ):
        answer = await client.post("/restart/identity", headers=origin, data=form)
        assert answer.status_code == 403


async def test_body_larger_than_a_form_is_refused(client: httpx.AsyncClient) -> None:
    form = {"token": await token(client), "more": "x" * 5000}
    answer = await client.post("/restart/identity", headers={"Origin": PAGE}, data=form)
    assert answer.status_code == 403


async def test_restart_of_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    form = {"token": await token(client)}
    answer = await client.post("/restart/other", headers={"Origin": PAGE}, data=form)
    assert answer.status_code == 404


async def test_step_that_nothing_asks_to_be_run_again_cannot_be(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    for label in ("Restart: identity", "Run again: static"):
        assert label in page
    assert "Run again: keys" not in page
    form = {"token": await token(client)}
    answer = await client.post("/restart/keys", headers={"Origin": PAGE}, data=form)
    assert answer.status_code == 409
    assert answer.text == "keys is done once only.\n"


async def test_restart_by_a_link_is_no_way(client: httpx.AsyncClient) -> None:
    assert (await client.get("/restart/identity")).status_code == 405


async def test_style_and_script_are_served(client: httpx.AsyncClient) -> None:
    for name in ("developer.css", "refresh.js"):
        assert (await client.get(f"/static/{name}")).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "words"), [(5.4, "5 s"), (61, "1 min"), (3600 * 2 + 61, "2 h 1 min")]
)
def test_duration_is_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_address_of_a_filter_keeps_the_other_fields() -> None:
    assert Filter(text="a b", trace="1").query(program="x") == "program=x&text=a+b&trace=1"
