import asyncio
from uuid import UUID

import pytest

from services.database.arrivals import Arrivals, Bell
from services.database.errors import ExhaustedError

ADA, EVE = UUID(int=1), UUID(int=2)


async def rings(bell: Bell) -> bool:
    try:
        async with asyncio.timeout(0.01):
            await bell.heard()
    except TimeoutError:
        return False
    return True


async def test_a_watcher_looks_once_before_anything_is_told() -> None:
    with Arrivals(1).watching(ADA) as bell:
        assert await rings(bell)
        assert not await rings(bell)


async def test_only_who_watches_an_account_is_woken() -> None:
    arrivals = Arrivals(3)
    with (
        arrivals.watching(ADA) as first,
        arrivals.watching(ADA) as second,
        arrivals.watching(EVE) as other,
    ):
        for bell in (first, second, other):
            await bell.heard()
        arrivals.tell(ADA)
        assert [await rings(bell) for bell in (first, second, other)] == [True, True, False]
        arrivals.tell_all()
        assert [await rings(bell) for bell in (first, second, other)] == [True, True, True]


async def test_what_arrives_while_a_watcher_looks_wakes_it_again() -> None:
    arrivals = Arrivals(1)
    with arrivals.watching(ADA) as bell:
        await bell.heard()
        arrivals.tell(ADA)
        arrivals.tell(ADA)
        assert await rings(bell)
        assert not await rings(bell)


async def test_no_more_watch_than_may_and_one_that_ended_makes_room() -> None:
    arrivals = Arrivals(1)
    with arrivals.watching(ADA), pytest.raises(ExhaustedError), arrivals.watching(EVE):
        pass
    with arrivals.watching(EVE):
        pass


async def test_closing_wakes_everyone_to_end() -> None:
    arrivals = Arrivals(1)
    with arrivals.watching(ADA) as bell:
        await bell.heard()
        arrivals.close()
        assert await rings(bell)
        assert arrivals.closed


async def test_what_is_told_of_an_account_that_nobody_watches_is_no_error() -> None:
    Arrivals(1).tell(ADA)
