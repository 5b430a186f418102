"""The clocks keep as many calls in flight as they say, and believe no wrong reply."""

import asyncio

import pytest

from benchmarks.measured import clocks
from benchmarks.measured.messages import MESSAGE, WrongReplyError


class Service:
    """Answers with what came, and knows how many it had at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.came: list[bytes] = []

    async def __call__(self, message: bytes) -> bytes:
        self.now += 1
        self.most = max(self.most, self.now)
        self.came.append(message)
        await asyncio.sleep(0)
        self.now -= 1
        return message


async def test_one_call_is_in_flight_when_the_time_of_one_is_taken() -> None:
    service = Service()
    latencies = await clocks.alone(service, 0.01)
    assert len(latencies) == len(service.came) > 0
    assert service.most == 1
    assert min(latencies) > 0


async def test_so_many_calls_are_in_flight_as_were_wanted() -> None:
    service = Service()
    calls, seconds = await clocks.together(service, 16, 0.01)
    assert service.most == 16
    assert calls == len(service.came) >= 16
    assert seconds >= 0.01


async def test_calls_that_are_told_apart_have_a_message_each() -> None:
    service = Service()
    assert await clocks.each_its_own(service, 50) == 50
    assert len(set(service.came)) == 50
    assert {len(message) for message in service.came} == {len(MESSAGE)}


async def test_a_reply_to_another_call_ends_the_measurement() -> None:
    async def mixed_up(_message: bytes) -> bytes:
        return MESSAGE

    with pytest.raises(ExceptionGroup) as caught:
        await clocks.each_its_own(mixed_up, 2)
    assert caught.group_contains(WrongReplyError)


async def test_a_wrong_reply_is_no_quick_one() -> None:
    async def wrong(_message: bytes) -> bytes:
        return b""

    with pytest.raises(WrongReplyError):
        await clocks.alone(wrong, 0.01)
