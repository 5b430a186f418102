"""Messages of unary calls that are larger than a record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError
from grpc_kafka.aio.conftest import HOME, Gate, key, settled
from grpc_kafka.protocol import (
    PART,
    Cancel,
    Part,
    Request,
    encode_cancel,
    encode_part,
    encode_request,
)

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Clock, Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]

_ID = bytes(16)


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


def _numbered(size: int) -> bytes:
    return b"".join(number.to_bytes(4) for number in range(size // 4))


@pytest.mark.parametrize("size", [PART - 4, PART, PART + 4, 4_000_000])
async def test_a_message_of_any_size_within_the_limit_goes_there_and_back(
    rig: Rig, size: int
) -> None:
    await rig.serve(_echo)
    message = _numbered(size)
    assert await rig.method()(message, timeout=10) == message
    await settled()
    assert rig.committed == len(rig.broker.records(rig.queue))


async def test_large_calls_beside_each_other_get_their_own_answers(rig: Rig) -> None:
    await rig.serve(_echo)
    method = rig.method()
    wanted = [bytes([number]) * 1_200_000 for number in range(8)]
    assert await asyncio.gather(*[method(each, timeout=20) for each in wanted]) == wanted


async def test_a_request_past_the_limit_is_refused_by_its_size(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate, options=[("grpc.max_receive_message_length", 600_000)])
    call = rig.method()(bytes(2_000_000), timeout=5)
    assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await call.details() == "SERVER: Received message larger than max (2000000 vs. 600000)"
    assert gate.begun == []


async def test_an_answer_past_the_limit_is_refused_by_its_size(rig: Rig) -> None:
    await rig.serve(_echo)
    channel = rig.channel(options=[("grpc.max_receive_message_length", 600_000)])
    call = rig.method(channel)(bytes(2_000_000), timeout=5)
    assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await call.details() == "CLIENT: Received message larger than max (2000000 vs. 600000)"


async def test_a_large_answer_that_was_not_acknowledged_whole_is_sent_whole_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._answers._FIRST_PAUSE", 0.01)
    gate = Gate()
    await rig.serve(gate)
    message = _numbered(1_500_000)
    call = rig.method()(message, timeout=5)
    await settled()
    rig.broker.fail_sends(BrokerError("away"))
    gate.open.set()
    await settled()
    rig.broker.fail_sends(None)
    assert await call == message


async def test_what_a_vanished_server_had_of_a_large_request_another_one_gets_whole(
    rig: Rig,
) -> None:
    await rig.serve(Gate())
    message = _numbered(1_500_000)
    call = rig.method()(message, timeout=5)
    await settled()
    (member,) = rig.broker.members(rig.queue)
    member.vanish()
    await rig.serve(_echo)
    assert await call == message


def _publish_part(rig: Rig) -> None:
    rig.broker.publish(rig.queue, encode_part(Part(_ID, "me", 0, b"begun")), partition=0)


async def test_parts_whose_end_never_comes_are_forgotten(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._gathering.PATIENCE", 0.05)
    made = await rig.serve(_echo)
    _publish_part(rig)
    await settled()
    assert rig.committed == 0
    await clock.pass_by(0.1)
    assert (rig.committed, made.counters.incomplete) == (1, 1)


def _publish_whole(rig: Rig, number: int) -> None:
    request = Request(key(number), "/test.Echo/Call", HOME, None, (), b"", parts=1)
    rig.broker.publish(rig.queue, encode_request(request), partition=0)


async def test_parts_whose_ends_never_come_take_no_more_memory_than_they_may(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._gathering.MOST", 10_000)
    gate = Gate()
    made = await rig.serve(gate)
    for number in range(20):
        part = Part(key(number), "me", 0, b"%2d" % number * 700)
        rig.broker.publish(rig.queue, encode_part(part), partition=0)
    await settled()
    # Those that were begun last are kept: five of 1,400 bytes, and what each takes besides.
    assert (made.counters.incomplete, rig.committed) == (15, 15)
    for number in range(20):
        _publish_whole(rig, number)
    await settled()
    assert gate.begun == [b"%2d" % number * 700 for number in range(15, 20)]


async def test_parts_that_were_used_count_no_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._gathering.MOST", 10_000)
    made = await rig.serve(_echo)
    for number in range(50):
        part = Part(key(number), "me", 0, bytes(1000))
        rig.broker.publish(rig.queue, encode_part(part), partition=0)
        _publish_whole(rig, number)
    await settled()
    assert (made.counters.incomplete, rig.committed) == (0, 100)


async def test_many_small_parts_fill_no_memory_either(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._gathering.MOST", 10_000)
    made = await rig.serve(_echo)
    for number in range(100):
        rig.broker.publish(rig.queue, encode_part(Part(key(number), "me", 0, b"x")), partition=0)
    await settled()
    assert made.counters.incomplete > 80


async def test_a_large_request_alone_may_take_more(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._gathering.MOST", 10_000)
    await rig.serve(_echo)
    message = _numbered(3_000_000)
    assert await rig.method()(message, timeout=10) == message


async def test_a_cancellation_between_the_parts_ends_the_call(rig: Rig) -> None:
    await rig.serve(_echo)
    _publish_part(rig)
    rig.broker.publish(rig.queue, encode_cancel(Cancel(_ID)), partition=0)
    await settled()
    assert rig.committed == 2


async def test_an_end_whose_parts_are_missing_begins_nothing(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate)
    request = Request(_ID, "/test.Echo/Call", HOME, None, (), b"end", parts=2)
    _publish_part(rig)
    rig.broker.publish(rig.queue, encode_request(request), partition=0)
    await settled()
    assert (gate.begun, rig.committed, made.counters.incomplete) == ([], 2, 1)


async def test_parts_are_left_to_a_partitions_next_owner(rig: Rig) -> None:
    old, new = Gate(), Gate()
    new.open.set()
    await rig.serve(old)
    rig.broker.publish(rig.queue, encode_part(Part(_ID, "me", 0, b"begun ")), partition=1)
    await settled()
    await rig.serve(new)
    request = Request(_ID, "/test.Echo/Call", HOME, None, (), b"and ended", parts=1)
    rig.broker.publish(rig.queue, encode_request(request), partition=1)
    await settled()
    assert (old.begun, new.begun) == ([], [b"begun and ended"])
    assert rig.committed == 2


async def test_a_server_that_stops_leaves_parts_to_the_next_one(rig: Rig) -> None:
    made = await rig.serve(_echo)
    _publish_part(rig)
    await settled()
    await made.stop(None)
    assert rig.committed == 0
