"""The HTTP side: health beside the service's own application."""

import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from chassis import Health, StartError
from chassis._http import _listen, application, serving
from chassis._metrics import Metrics


async def _ill() -> None:
    raise ConnectionError("no broker answers")


def _client(health: Health) -> httpx.AsyncClient:
    async def page(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("a page")

    pages = Starlette(routes=[Route("/page", page)])
    app = application("shop", "blue", health, Metrics("shop", "blue", "1.0"), pages)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_healthy_process_answers_200() -> None:
    async with _client(Health()) as client:
        response = await client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "service": "shop", "lane": "blue", "checks": {}}


async def test_an_ill_process_answers_503_with_the_reason() -> None:
    health = Health()
    health.add("kafka", _ill)
    async with _client(health) as client:
        response = await client.get("/healthz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"kafka": "ConnectionError: no broker answers"}


async def test_measurements_are_served_beside_health() -> None:
    async with _client(Health()) as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    about = 'target_info{service_name="shop",service_version="1.0",tandem_lane="blue"} 1.0'
    assert about in response.text


async def test_the_services_own_pages_stand_beside_health() -> None:
    async with _client(Health()) as client:
        response = await client.get("/page")
    assert response.text == "a page"


async def test_a_taken_port_is_said_with_what_to_do() -> None:
    app = application("shop", "blue", Health(), Metrics("shop", "blue", "1.0"), None)
    async with serving(app, "127.0.0.1", 0, grace=1) as port:
        with pytest.raises(StartError, match=f"127.0.0.1:{port}.*TANDEM_HTTP_PORT"):
            async with serving(app, "127.0.0.1", port, grace=1):
                pass
        async with httpx.AsyncClient() as client:
            response = await client.get(f"http://127.0.0.1:{port}/healthz")
    assert response.status_code == 200


def test_an_accepted_connection_sends_at_once() -> None:
    with (
        _listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname(), timeout=1),
    ):
        accepted, _address = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
