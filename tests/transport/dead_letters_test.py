"""A request kills every server that runs it; its neighbours are answered all the same."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from grpc_kafka._kafka._poller import headers_of
from grpc_kafka.protocol import death_of, original_of
from tests.transport import echo_server
from tests.transport.conftest import lane_on
from tests.transport.processes import running
from tests.transport.waiting import until

if TYPE_CHECKING:
    from confluent_kafka import Message

    from tests.transport.conftest import Cluster, Lane

_LIVES = 8
_PARTITIONS = 4


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


def _marks(lane: Lane) -> dict[int, str | None]:
    """What is written beside the committed positions of the lane's queue."""
    asking = {"bootstrap.servers": lane.endpoint.bootstrap_servers, "group.id": lane.queue}
    consumer = Consumer(asking)
    places = [TopicPartition(lane.queue, number) for number in range(_PARTITIONS)]
    try:
        found = consumer.committed(places, timeout=10)
    finally:
        consumer.close()
    return {place.partition: place.metadata for place in found}


def _letters(lane: Lane, count: int) -> list[Message]:
    """So many dead letters of the lane, and more if there are."""
    settings = {
        "bootstrap.servers": lane.endpoint.bootstrap_servers,
        "group.id": "letters",
        "enable.auto.commit": False,
    }
    consumer = Consumer(settings)
    found: list[Message] = []
    consumer.assign([TopicPartition(lane.letters, number, 0) for number in range(_PARTITIONS)])
    end = time.monotonic() + 10
    while time.monotonic() < end and len(found) <= count:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(message)
        elif len(found) >= count:
            break
    consumer.close()
    return found


async def _restart_until(lane: Lane, done: asyncio.Future[Any]) -> int:
    """Run a server, and another one when it is gone, as a supervisor would; gives how many."""
    for life in range(1, _LIVES + 1):
        async with running(echo_server, lane.endpoint, f"life {life}") as process:
            ended = asyncio.ensure_future(process.wait())
            either: set[asyncio.Future[Any]] = {ended, done}
            await asyncio.wait(either, timeout=60, return_when="FIRST_COMPLETED")
            if done.done():
                ended.cancel()
                return life
            assert ended.done(), "neither was it killed nor were all answered"
            assert ended.result() == -9
    pytest.fail(f"{_LIVES} servers were killed, and nothing was set aside")


async def test_a_request_that_kills_its_servers_is_set_aside_and_the_rest_is_answered(
    apache_lane: Lane,
) -> None:
    method = apache_lane.method()
    before = [method(b"before%d" % number, timeout=120) for number in range(12)]
    poison = method(b"poison", timeout=120)
    behind = [method(b"behind%d" % number, timeout=120) for number in range(12)]
    began = time.monotonic()
    # Where nothing lies behind it in its partition, the neighbours have their answers before it is
    # through: it is waited for, too.
    through = asyncio.gather(asyncio.gather(*before, *behind), poison.code())
    lives = await _restart_until(apache_lane, through)
    answers, code = await through
    took = time.monotonic() - began
    assert [answer.partition(b":")[2] for answer in answers] == [
        *[b"before%d" % number for number in range(12)],
        *[b"behind%d" % number for number in range(12)],
    ]
    assert code is grpc.StatusCode.INTERNAL
    assert "set aside as a dead letter" in await poison.details()
    sys.stdout.write(f"{lives - 1} servers were killed in {took:.1f} s\n")
    assert lives == 5
    (letter,) = await asyncio.to_thread(_letters, apache_lane, 1)
    death = death_of(headers_of(letter))
    assert letter.value() == b"poison"
    assert death is not None
    assert "2 times when it was run alone" in death.reason
    assert death.source.startswith(f"{apache_lane.queue}/")


async def test_ten_orderly_restarts_in_mid_call_are_not_suspected(lane: Lane) -> None:
    call = lane.method()(b"slow", timeout=170)
    for life in range(10):
        async with running(echo_server, lane.endpoint, f"life {life}", "3600") as process:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), 30) == b"begun\n"
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 30) == 0
        marks = await asyncio.to_thread(_marks, lane)
        assert set(marks.values()) <= {"", None}
    async with running(echo_server, lane.endpoint, "last"):
        assert await call == b"last:slow"
    assert await asyncio.to_thread(_letters, lane, 0) == []


async def test_what_cannot_be_parsed_is_set_aside_as_it_was(lane: Lane) -> None:
    made = await lane.serve(_echo)
    method = lane.method()
    assert await method(b"before", timeout=20) == b"before"
    producer = Producer({"bootstrap.servers": lane.endpoint.bootstrap_servers})
    producer.produce(lane.queue, b"junk", None, 0, headers=[("k", None), ("k", b"\xff")])
    assert producer.flush(10) == 0
    (letter,) = await asyncio.to_thread(_letters, lane, 1)
    assert await method(b"behind", timeout=20) == b"behind"
    await until(lambda: made.counters.dead_lettered)
    assert made.counters.dead_lettered == 1
    assert (letter.key(), letter.value()) == (None, b"junk")
    assert original_of(headers_of(letter)) == [("k", None), ("k", b"\xff")]
    death = death_of(headers_of(letter))
    assert death is not None
    assert death.source == f"{lane.queue}/0/{death.source.rpartition('/')[2]}"
    assert death.reason == "its key is no call id of 16 bytes"


async def test_without_a_topic_for_them_dead_letters_are_dropped_and_the_queue_goes_on(
    apache: Cluster,
) -> None:
    lane = lane_on(apache, letters=False)
    try:
        made = await lane.serve(_echo)
        producer = Producer({"bootstrap.servers": lane.endpoint.bootstrap_servers})
        producer.produce(lane.queue, b"junk", None, 0)
        assert producer.flush(10) == 0
        method = lane.method()
        assert await asyncio.gather(*[method(b"x", timeout=20) for _ in range(8)]) == [b"x"] * 8
        async with asyncio.timeout(60):
            while not made.counters.unlettered:  # noqa: ASYNC110 - a counter tells nobody
                await asyncio.sleep(0.1)
        assert made.counters.dead_lettered == 0
    finally:
        await lane.close()
