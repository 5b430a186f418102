"""What a browser does with a stream of events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.types import ASGIApp, Message

_PATIENCE = 20.0  # seconds for what is expected


@dataclass(frozen=True)
class Event:
    """An event, or a comment, which has none of these."""

    id: str = ""
    kind: str = ""
    data: str = ""
    retry: str = ""

    @property
    def row(self) -> dict[str, str]:
        """The data, which is JSON."""
        row: dict[str, str] = json.loads(self.data)
        return row


class EventSource:
    """One response, read as it comes.

    Attributes:
        status: Its HTTP status.
        headers: Its headers.
    """

    def __init__(self, app: ASGIApp, client: httpx.AsyncClient, path: str, last_id: str) -> None:
        request = client.build_request("GET", path)
        headers = request.headers.raw + ([(b"last-event-id", last_id.encode())] if last_id else [])
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080),
            "root_path": "",
        }
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        self._task = asyncio.ensure_future(app(self._scope, self._receive, self._sent.put))
        self.status = 0
        self.headers = httpx.Headers()

    async def begun(self) -> None:
        """Return when status and headers are known."""
        message = await self._next()
        self.status, self.headers = message["status"], httpx.Headers(message["headers"])

    async def event(self) -> Event | None:
        """The next event; None at the end."""
        message = await self._next()
        body: bytes = message.get("body", b"")
        if not body:
            return None
        lines = body.decode().removesuffix("\n\n").split("\n")
        fields = dict(line.split(": ", 1) for line in lines if line != ":")
        kind = fields.pop("event", "")
        return Event(kind=kind, **fields)

    async def leave(self) -> None:
        """Close the connection, and wait until the application has noticed."""
        self._gone.set()
        async with asyncio.timeout(_PATIENCE):
            await self._task

    async def _next(self) -> Message:
        async with asyncio.timeout(_PATIENCE):
            return await self._sent.get()

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}


@asynccontextmanager
async def listening(
    app: ASGIApp, client: httpx.AsyncClient, path: str, last_id: str = ""
) -> AsyncIterator[EventSource]:
    """A stream that has begun, with the cookies of a browser."""
    source = EventSource(app, client, path, last_id)
    await source.begun()
    try:
        yield source
    finally:
        await source.leave()
