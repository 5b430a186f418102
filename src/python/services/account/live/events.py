"""Server-sent events as the HTML standard writes them. Pure."""

import json

HEARTBEAT = b":\n\n"
"""A comment: it tells everyone on the way that the stream is alive, and means nothing."""

END = b"event: end\ndata: the session has ended\n\n"
"""Who gets this does not ask again: nobody is signed in any more."""


def beginning(last_id: str, retry: float) -> bytes:
    """Where the stream begins, and how many seconds to wait before asking again when it breaks.

    It has no data, so nothing happens in the browser; but it asks again with this id.
    """
    return f"retry: {round(retry * 1000)}\nid: {last_id}\n\n".encode()


def event(entry_id: str, data: dict[str, object]) -> bytes:
    """Something that happened, under the id that a browser names when it asks again."""
    # JSON has no line breaks of its own, so that one line holds it whatever it says.
    return f"id: {entry_id}\ndata: {json.dumps(data)}\n\n".encode()
