"""A response that lasts."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class EventStream(StreamingResponse):
    """Sends events until they end, or the browser is gone.

    Args:
        events: What is sent.
        held: What the stream holds; let go of at its end, however it ends.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes], held: AsyncExitStack) -> None:
        super().__init__(events)
        self._held = held
        held.push_async_callback(events.aclose)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        async with self._held:
            await super().__call__(scope, receive, send)
