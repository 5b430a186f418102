"""What an application has under way, seen from within its answers."""

from collections.abc import AsyncIterator
from typing import NoReturn

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis._in_flight import InFlight, Kind

type Counts = tuple[int, int]


class Seen:
    """Pages and a stream that note how many of each kind are under way meanwhile."""

    def __init__(self) -> None:
        self.counts: list[Counts] = []
        self.in_flight = InFlight(
            Starlette(
                routes=[
                    Route("/page", self.page),
                    Route("/stream", self.stream),
                    Route("/broken", self.broken),
                ]
            )
        )
        transport = httpx.ASGITransport(self.in_flight, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    def now(self) -> Counts:
        return self.in_flight.count(Kind.REQUEST), self.in_flight.count(Kind.STREAM)

    async def page(self, _request: Request) -> PlainTextResponse:
        self.counts.append(self.now())
        return PlainTextResponse("a page")

    async def stream(self, _request: Request) -> StreamingResponse:
        self.counts.append(self.now())
        return StreamingResponse(self.events(), media_type="text/event-stream")

    async def events(self) -> AsyncIterator[str]:
        self.counts.append(self.now())
        await self.client.get("/page")
        yield "data: one\n\n"

    async def broken(self, _request: Request) -> NoReturn:
        self.counts.append(self.now())
        raise ConnectionError


@pytest.mark.parametrize("path", ["/page", "/broken", "/missing"])
async def test_a_request_is_under_way_until_it_is_answered(path: str) -> None:
    seen = Seen()
    assert seen.now() == (0, 0)
    await seen.client.get(path)
    assert seen.counts == ([] if path == "/missing" else [(1, 0)])
    assert seen.now() == (0, 0)


async def test_a_stream_counts_by_itself_as_soon_as_it_has_begun() -> None:
    seen = Seen()
    await seen.client.get("/stream")
    assert seen.counts == [(1, 0), (0, 1), (1, 1)]
    assert seen.now() == (0, 0)


async def test_what_is_no_request_is_passed_on_and_not_counted() -> None:
    kinds: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        kinds.append(scope["type"])

    async def never() -> NoReturn:
        raise AssertionError

    async def send(_message: object) -> None:
        pass

    await InFlight(app)({"type": "lifespan"}, never, send)
    assert kinds == ["lifespan"]
