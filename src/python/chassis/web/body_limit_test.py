import pytest
from starlette.types import Message

from chassis.web.body_limit import read_body, replay
from chassis.web.errors import UnreadableBodyError


class Sender:
    """Gives messages as a server does."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)

    async def receive(self) -> Message:
        return self._messages.pop(0)


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


async def test_a_body_in_parts_is_put_together() -> None:
    sender = Sender(part(b"ab", more=True), part(b"cd", more=False))
    assert await read_body(sender.receive, limit=4) == b"abcd"


async def test_a_body_over_the_limit_is_refused_without_reading_the_rest() -> None:
    sender = Sender(part(b"ab", more=True), part(b"cde", more=True))
    with pytest.raises(UnreadableBodyError) as refused:
        await read_body(sender.receive, limit=4)
    assert refused.value.status == 413


async def test_a_client_that_went_away_sent_nothing() -> None:
    assert await read_body(Sender(part(b"ab", more=True), GONE).receive) is None


async def test_a_body_is_given_again_and_then_what_follows() -> None:
    receive = replay(b"abcd", Sender(GONE).receive)
    assert await receive() == part(b"abcd", more=False)
    assert await receive() == GONE
