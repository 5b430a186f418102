"""HTTP requests under way, streams of events by themselves: those last, and hold nothing up."""

from collections import Counter
from enum import StrEnum

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVENTS = "text/event-stream"


class Kind(StrEnum):
    """What a request is: one to be answered, or a stream that has begun."""

    REQUEST = "request"
    STREAM = "stream"


class InFlight:
    """Counts what an application has under way.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._counts = Counter(dict.fromkeys(Kind, 0))

    def count(self, kind: Kind) -> int:
        """How many there are."""
        return self._counts[kind]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kind = Kind.REQUEST

        async def observed(message: Message) -> None:
            nonlocal kind
            if message["type"] == "http.response.start" and _is_stream(message):
                self._counts[kind] -= 1
                kind = Kind.STREAM
                self._counts[kind] += 1
            await send(message)

        self._counts[kind] += 1
        try:
            await self._app(scope, receive, observed)
        finally:
            self._counts[kind] -= 1


def _is_stream(start: Message) -> bool:
    content_type = Headers(raw=start["headers"]).get("content-type", "")
    return content_type.partition(";")[0] == _EVENTS
