"""Request bodies of bounded size."""

from starlette.types import Message, Receive

from chassis.web.errors import UnreadableBodyError

LARGEST_BODY = 32 * 1024
"""Bytes; all fields of any form at their longest fit with room to spare."""


async def read_body(receive: Receive, limit: int = LARGEST_BODY) -> bytes | None:
    """The whole body; None if the client went away before its end.

    Raises:
        UnreadableBodyError: it is larger than the limit.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise UnreadableBodyError(413, f"The request is larger than {limit // 1024} KiB.")
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives this body first, and then what the server says."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
