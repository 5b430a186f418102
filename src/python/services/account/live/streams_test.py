import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from services.account.errors import TooManyStreamsError
from services.account.live.streams import MOST_OF_SESSION, Pace, Streams

QUICK = Pace(heartbeat=0.02, lifetime=10)


async def numbers(*given: int, wait: bool = False) -> AsyncIterator[int]:
    for number in given:
        yield number
    if wait:
        await asyncio.Event().wait()


def test_a_session_has_only_so_many_streams_and_one_that_ended_makes_room() -> None:
    streams = Streams(100)
    with ExitStack() as stack:
        for _ in range(MOST_OF_SESSION):
            stack.enter_context(streams.place("mine"))
        with pytest.raises(TooManyStreamsError), streams.place("mine"):
            pass
        with streams.place("another"):
            assert streams.count == MOST_OF_SESSION + 1
    with streams.place("mine"):
        assert streams.count == 1


def test_all_sessions_together_have_only_so_many_streams() -> None:
    streams = Streams(2)
    with (
        streams.place("a"),
        streams.place("b"),
        pytest.raises(TooManyStreamsError),
        streams.place("c"),
    ):
        pass


async def test_what_comes_is_passed_on_and_the_end_is_the_end() -> None:
    assert [each async for each in Streams(1, QUICK).paced(numbers(1, 2))] == [1, 2]


async def test_silence_is_filled_with_signs_of_life() -> None:
    paced = Streams(1, QUICK).paced(numbers(1, wait=True))
    assert [await anext(paced) for _ in range(4)] == [1, None, None, None]
    await paced.aclose()


async def test_a_stream_ends_after_its_lifetime() -> None:
    streams = Streams(1, Pace(heartbeat=10, lifetime=0.05))
    async with asyncio.timeout(5):
        assert [each async for each in streams.paced(numbers(1, wait=True))] == [1, None]


async def test_all_streams_end_when_they_are_told_to() -> None:
    streams = Streams(1)
    paced = streams.paced(numbers(1, wait=True))
    assert await anext(paced) == 1
    streams.close()
    async with asyncio.timeout(5):
        assert [each async for each in paced] == []


async def test_what_the_source_raises_is_raised() -> None:
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise ConnectionError

    paced = Streams(1).paced(failing())
    assert await anext(paced) == 1
    with pytest.raises(ConnectionError):
        await anext(paced)
