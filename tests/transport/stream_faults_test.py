"""Streams while servers join, stop and brokers stand still, on real brokers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from tests.transport.talking import (
    Talk,
    answers_method,
    answers_of,
    both_method,
    end_of,
    method_of,
    open_talk,
    say,
)
from tests.transport.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.transport.conftest import Lane
    from tests.transport.talking import Context, Stream


async def test_a_stopping_server_lets_streams_finish_and_ends_the_rest(lane: Lane) -> None:
    talk = Talk()
    made = await lane.serve_with(both_method(talk))
    method = method_of(lane.channel())
    quick = await open_talk(method, b"quick")
    slow = await open_talk(method, b"slow")
    stopping = asyncio.create_task(made.stop(5))
    await asyncio.sleep(0.3)
    await say(quick, b"still served")
    assert await end_of(quick) is grpc.StatusCode.OK
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await slow.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    await stopping
    assert (talk.ended, talk.cancelled) == ([b"quick"], [b"slow"])
    second = Talk()
    await lane.serve_with(both_method(second))
    assert await end_of(await open_talk(method, b"next")) is grpc.StatusCode.OK
    assert second.begun == {b"next": 1}


async def test_streams_go_on_while_servers_join_and_leave(lane: Lane) -> None:
    first, second = Talk(), Talk()
    made = await lane.serve_with(both_method(first))
    method = method_of(lane.channel())
    calls = [await open_talk(method, b"%d" % number) for number in range(20)]
    moved = asyncio.Event()

    async def go_on(call: Stream) -> None:
        number = 0
        while not moved.is_set():
            number += 1
            await say(call, b"%d" % number)
            await asyncio.sleep(0.05)
        assert await end_of(call) is grpc.StatusCode.OK

    going = asyncio.gather(*[go_on(call) for call in calls])
    joined = await lane.serve_with(both_method(second))
    await until(lambda: joined.healthy().ok)
    fresh = 0
    while not second.begun:
        assert await end_of(await open_talk(method, b"fresh %d" % fresh)) is grpc.StatusCode.OK
        fresh += 1
    stopping = asyncio.create_task(made.stop(10))
    assert await end_of(await open_talk(method, b"last")) is grpc.StatusCode.OK
    moved.set()
    await going
    await stopping
    assert set((first.begun + second.begun).values()) == {1}
    assert (first.cancelled, second.cancelled) == ([], [])


async def test_streams_go_on_after_a_broker_stood_still(apache_lane: Lane) -> None:
    talk = Talk()
    await apache_lane.serve_with(both_method(talk))
    method = method_of(apache_lane.channel())
    calls = [await open_talk(method, b"%d" % number) for number in range(20)]
    assert apache_lane.cluster.kafka is not None
    with apache_lane.cluster.kafka.frozen():
        talking = [asyncio.create_task(say(call, b"in the cold")) for call in calls]
        await asyncio.sleep(3)
    await asyncio.gather(*talking)
    assert {await end_of(call) for call in calls} == {grpc.StatusCode.OK}
    assert (len(talk.ended), talk.cancelled) == (20, [])


async def test_streams_that_pour_while_a_broker_stands_still_lose_nothing(
    apache_lane: Lane,
) -> None:
    going = asyncio.Event()

    async def pour(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        yield b"open"
        await going.wait()
        for number in range(1500):
            yield b"%d" % number

    await apache_lane.serve_with(answers_method(pour))
    method = answers_of(apache_lane.channel())
    calls = [method(b"", timeout=90) for _ in range(100)]
    assert [await anext(aiter(call)) for call in calls] == [b"open"] * 100
    assert apache_lane.cluster.kafka is not None

    async def count(call: grpc.aio.UnaryStreamCall[bytes, bytes]) -> int:
        return len([answer async for answer in call])

    counting = [asyncio.create_task(count(call)) for call in calls]
    with apache_lane.cluster.kafka.frozen():
        going.set()
        await asyncio.sleep(3)
    assert await asyncio.gather(*counting) == [1500] * 100
