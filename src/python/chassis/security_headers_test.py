import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis.security_headers import Protected


async def page(_request: Request) -> Response:
    return PlainTextResponse("page", headers={"Cache-Control": "max-age=60"})


async def asked(path: str, *, secure: bool) -> httpx.Headers:
    app = Protected(Starlette(routes=[Route("/page", page)]), secure=secure)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        return (await client.get(path)).headers


@pytest.mark.parametrize("path", ["/page", "/nowhere"])
async def test_every_response_tells_browsers_what_to_refuse(path: str) -> None:
    headers = await asked(path, secure=False)
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in headers


async def test_a_site_with_tls_wants_it_for_ever() -> None:
    assert "max-age=" in (await asked("/page", secure=True))["strict-transport-security"]


async def test_what_a_response_says_itself_holds() -> None:
    assert (await asked("/page", secure=True)).get_list("cache-control") == ["max-age=60"]
