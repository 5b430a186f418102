"""Clocks without asyncio keep as many calls in flight as they say, and believe no wrong reply."""

import pytest

from benchmarks.measured import blocking
from benchmarks.measured.messages import WrongReplyError


class Echo:
    """Gives back what was sent, some at a time, the last first."""

    def __init__(self, *, wrong: bool = False) -> None:
        self.waiting: list[bytes] = []
        self.most = 0
        self.sent = 0
        self._wrong = wrong

    def send(self, message: bytes) -> None:
        self.waiting.append(b"" if self._wrong else message)
        self.sent += 1
        self.most = max(self.most, len(self.waiting))

    def receive(self) -> list[bytes]:
        return [self.waiting.pop() for _ in range(min(3, len(self.waiting)))]


def test_one_call_is_in_flight_when_the_time_of_one_is_taken() -> None:
    echo = Echo()
    assert len(blocking.alone(echo, 0.01)) == echo.sent > 0
    assert echo.most == 1


def test_so_many_calls_are_in_flight_as_were_wanted_and_all_are_answered() -> None:
    echo = Echo()
    calls, seconds = blocking.together(echo, 16, 0.01)
    assert echo.most == 16
    assert calls == echo.sent >= 16
    assert echo.waiting == []
    assert seconds >= 0.01


def test_replies_may_come_in_any_order() -> None:
    assert blocking.each_its_own(Echo(), 50) == 50


def test_a_wrong_reply_ends_the_measurement() -> None:
    for measure in (
        lambda echo: blocking.alone(echo, 0.01),
        lambda echo: blocking.together(echo, 4, 0.01),
        lambda echo: blocking.each_its_own(echo, 4),
    ):
        with pytest.raises(WrongReplyError):
            measure(Echo(wrong=True))
