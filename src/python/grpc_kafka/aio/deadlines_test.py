"""Deadlines expire in time, and cost nothing when they are not reached."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from grpc_kafka.aio._deadlines import Deadlines

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Clock

pytestmark = pytest.mark.asyncio


class _Call:
    def __init__(self) -> None:
        self.expired: list[float] = []

    def expire(self) -> None:
        self.expired.append(asyncio.get_running_loop().time())


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.15, 0.31])
async def test_what_is_not_removed_expires_in_time_and_once(clock: Clock, seconds: float) -> None:
    deadlines, call = Deadlines(), _Call()
    when = clock.now + seconds
    deadlines.add(call, when)
    await clock.pass_by(seconds + 0.25)
    (expired,) = call.expired
    assert when - 0.001 <= expired < when + 0.02


@pytest.mark.parametrize("seconds", [0.03, 0.15, 0.31])
async def test_what_is_removed_does_not_expire(clock: Clock, seconds: float) -> None:
    deadlines, call = Deadlines(), _Call()
    when = clock.now + seconds
    deadlines.add(call, when)
    deadlines.remove(call, when)
    await clock.pass_by(seconds + 0.15)
    assert not call.expired


async def test_what_is_removed_when_its_time_is_near_does_not_expire(clock: Clock) -> None:
    deadlines, call = Deadlines(), _Call()
    # Late in its tenth of a second, so that there is time between its beginning and the deadline.
    when = int(clock.now * 10 + 3) / 10 + 0.09
    deadlines.add(call, when)
    await clock.pass_by(when - 0.06 - clock.now)
    deadlines.remove(call, when)
    await clock.pass_by(0.15)
    assert not call.expired


async def test_others_of_the_same_moment_expire_when_one_is_removed(clock: Clock) -> None:
    deadlines, calls = Deadlines(), [_Call() for _ in range(5)]
    when = clock.now + 0.25
    for call in calls:
        deadlines.add(call, when)
    deadlines.remove(calls[2], when)
    await clock.pass_by(0.45)
    assert [len(call.expired) for call in calls] == [1, 1, 0, 1, 1]


async def test_to_remove_what_has_expired_changes_nothing(clock: Clock) -> None:
    deadlines, call = Deadlines(), _Call()
    when = clock.now
    deadlines.add(call, when)
    await clock.pass_by(0.05)
    deadlines.remove(call, when)
    assert len(call.expired) == 1


async def test_many_far_deadlines_share_one_timer() -> None:
    deadlines, calls = Deadlines(), [_Call() for _ in range(1000)]
    loop = asyncio.get_running_loop()
    when = loop.time() + 60
    for call in calls:
        deadlines.add(call, when)
    assert len(loop._scheduled) < 10  # type: ignore[attr-defined]


async def test_deadlines_that_are_far_apart_leave_few_timers_behind() -> None:
    deadlines, call = Deadlines(), _Call()
    loop = asyncio.get_running_loop()
    for seconds in range(10, 5010):
        deadlines.add(call, loop.time() + seconds)
        deadlines.remove(call, loop.time() + seconds)
    left = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
    assert len(left) < 700
