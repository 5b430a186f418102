"""A client that asks again and again."""

import threading

import httpx


def statuses(url: str, over: threading.Event) -> set[int]:
    """The statuses of all answers until it is over; each request has a connection of its own."""
    seen = set()
    while not over.is_set():
        seen.add(httpx.get(url, timeout=20).status_code)
    return seen
