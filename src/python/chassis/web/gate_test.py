import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis.web.cookies import Cookie, jar_of
from chassis.web.gate import Gate
from chassis.web.site import Site


async def page(request: Request) -> Response:
    jar_of(request).put(Cookie.NOTICE, "seen")
    body = (await request.body()).decode()
    return PlainTextResponse(f"page {body}", headers={"Cache-Control": "max-age=60"})


async def refused(_request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"refused: {error}", getattr(error, "status", 500))


def browser(url: str = "https://site") -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/page", page, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(Gate(app, Site.at(url), refused))
    return httpx.AsyncClient(transport=transport, base_url=url)


@pytest.mark.parametrize("path", ["/page", "/nowhere"])
async def test_every_response_tells_browsers_what_to_refuse(path: str) -> None:
    async with browser("http://127.0.0.1:8080") as client:
        headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers


async def test_a_site_with_tls_wants_it_for_ever() -> None:
    async with browser() as client:
        headers = (await client.get("/page")).headers
    assert "max-age=" in headers["strict-transport-security"]


async def test_what_a_response_says_itself_holds() -> None:
    async with browser() as client:
        answer = await client.get("/page")
    assert answer.headers.get_list("cache-control") == ["max-age=60"]


async def test_cookies_that_were_put_are_kept_in_the_browser() -> None:
    async with browser() as client:
        await client.get("/page")
        assert client.cookies["__Host-tandem_notice"] == "seen"


async def test_a_body_reaches_the_application() -> None:
    async with browser() as client:
        assert (await client.post("/page", content="a=1")).text == "page a=1"


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"origin": "https://other"}, b"", 403),
        ({"sec-fetch-site": "cross-site"}, b"", 403),
        ({}, b"x" * 40_000, 413),
    ],
)
async def test_what_may_not_reach_the_application_is_refused(
    headers: dict[str, str], content: bytes, status: int
) -> None:
    async with browser() as client:
        answer = await client.post("/page", headers=headers, content=content)
    assert answer.status_code == status
    assert answer.text.startswith("refused: The request")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_request_of_the_api_must_be_one_that_no_foreign_form_can_send() -> None:
    async with browser() as client:
        answer = await client.post("/api/v1/things", data={"a": "1"})
    assert answer.status_code == 415
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; frame")
