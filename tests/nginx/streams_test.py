"""Streams of events through nginx."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.nginx.upstream import Upstream
from tests.support.nginx import Nginx

PATHS = ["/account/activity/stream", "/api/v1/activity/stream"]
MOST = 32


def text_of(answer: httpx.Response) -> Iterator[str]:
    """What comes, as it comes."""
    return answer.iter_text()


@pytest.mark.parametrize("path", PATHS)
def test_an_event_is_passed_on_at_once_and_as_it_is(
    client: httpx.Client, upstream: Upstream, path: str
) -> None:
    headers = {"accept-encoding": "gzip", "last-event-id": "7"}
    with client.stream("GET", f"{path}?after=1", headers=headers) as answer:
        assert answer.status_code == httpx.codes.OK
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert "content-encoding" not in answer.headers
        received = text_of(answer)
        for number in range(3):
            # The next one is only sent when this one has come.
            upstream.events.put(f"data: {number}\n\n".encode())
            assert next(received) == f"data: {number}\n\n"
        upstream.events.put(None)
        assert list(received) == []
    told = upstream.received[-1][2]
    assert told["last-event-id"] == "7"
    assert told["traceparent"].split("-")[1] == answer.headers["x-request-id"]
    assert told.get_all("x-real-ip") == ["127.0.0.1"]


def test_streams_of_one_client_are_limited_and_take_no_place_from_pages(
    edge: Nginx, upstream: Upstream
) -> None:
    limits = httpx.Limits(max_connections=MOST + 8)
    with httpx.Client(base_url=edge.url, timeout=10, limits=limits) as client, ExitStack() as stack:
        streams = [stack.enter_context(client.stream("GET", PATHS[0])) for _ in range(MOST)]
        assert {answer.status_code for answer in streams} == {httpx.codes.OK}
        refused = client.get(PATHS[1])
        assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
        assert refused.headers["retry-after"] == "10"
        assert client.get("/account").status_code == httpx.codes.OK
        for _ in streams:
            upstream.events.put(None)
        for answer in streams:
            answer.read()
