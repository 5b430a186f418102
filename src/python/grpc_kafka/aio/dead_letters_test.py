from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError, UnknownTopicError
from grpc_kafka.aio.conftest import HOME, POISON, Gate, Mortal, key, settled, until
from grpc_kafka.protocol import (
    PART,
    Cancel,
    Encoded,
    Request,
    death_of,
    encode_cancel,
    encode_request,
    original_of,
)

if TYPE_CHECKING:
    from grpc_kafka._broker import Record
    from grpc_kafka.aio import KafkaServer
    from grpc_kafka.aio.conftest import Clock, Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]

_LETTERS = "blue.test.Echo.dead-letter"


def _request(number: int, message: bytes) -> Request:
    return Request(key(number), "/test.Echo/Call", HOME, None, (), message)


def _publish(rig: Rig, *messages: bytes, partition: int = 0) -> None:
    for message in messages:
        record = encode_request(_request(len(rig.broker.records(rig.queue)), message))
        rig.broker.publish(rig.queue, record, partition=partition)


async def _killed(rig: Rig, times: int) -> list[Mortal]:
    """Servers that came and went; the last of them may live."""
    servers = []
    for _ in range(times):
        servers.append(Mortal(rig))
        await rig.serve(servers[-1])
        for _ in range(20):
            await settled()
        if not servers[-1].dead:
            break
    return servers


async def _suspicious(rig: Rig) -> None:
    """Let two members vanish from all partitions."""
    for _ in range(2):
        await rig.serve(Gate())
        await settled()
        rig.broker.members(rig.queue)[-1].vanish()


def _letters(rig: Rig) -> list[Record]:
    return rig.broker.records(_LETTERS)


async def test_a_request_that_kills_each_time_is_set_aside_and_its_neighbours_are_answered(
    rig: Rig,
) -> None:
    call = rig.method()(POISON, timeout=10)
    await settled()
    neighbours = [rig.method()(b"%d" % number, timeout=10) for number in range(40)]
    servers = await _killed(rig, 9)
    answers = await asyncio.wait_for(asyncio.gather(*neighbours), 5)
    assert answers == [b"%d" % number for number in range(40)]
    deliveries = sum(server.begun.count(POISON) for server in servers)
    assert (len(servers), deliveries) == (5, 4)
    with pytest.raises(grpc.aio.AioRpcError, match="set aside as a dead letter") as raised:
        await call
    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert raised.value.details() == (
        "the request was set aside as a dead letter: it brought its server down 2 times when it "
        "was run alone"
    )
    (letter,) = _letters(rig)
    death = death_of(letter.headers)
    assert death is not None
    assert death.source.startswith("blue.test.Echo/")
    assert "2 times" in death.reason
    source = next(each for each in rig.broker.records(rig.queue) if each.value == POISON)
    assert original_of(letter.headers) == source.headers
    assert (letter.key, letter.value) == (source.key, source.value)
    assert rig.committed == 41


async def test_when_all_is_through_nobody_is_suspected_any_more(rig: Rig) -> None:
    _publish(rig, b"before", POISON, b"behind")
    servers = await _killed(rig, 9)
    assert servers[-1].begun == [b"behind"]
    assert rig.broker.marks(rig.queue)[0] == "run:1"
    _publish(rig, b"more", b"and more")
    await settled()
    assert servers[-1].begun[1:] == [b"more", b"and more"]
    assert rig.committed == 5


async def test_a_second_one_behind_is_found_too(rig: Rig) -> None:
    _publish(rig, POISON, b"a", b"poison 2", b"b")
    servers = await _killed(rig, 12)
    assert len(servers) == 7
    assert [letter.value for letter in _letters(rig)] == [POISON, b"poison 2"]
    assert rig.committed == 4


async def test_neighbours_in_other_partitions_are_not_taken_for_it(rig: Rig) -> None:
    for partition in range(4):
        _publish(rig, b"a", b"b", b"c", partition=partition)
    _publish(rig, POISON, partition=2)
    await _killed(rig, 9)
    assert [letter.value for letter in _letters(rig)] == [POISON]
    assert rig.committed == 13


async def test_suspects_are_run_one_at_a_time_in_all_of_a_server(rig: Rig) -> None:
    for partition in range(4):
        _publish(rig, b"a", b"b", partition=partition)
    await _suspicious(rig)
    most = running = 0
    blamed: list[int] = []

    async def count(request: bytes, _context: Context) -> bytes:
        nonlocal most, running
        running += 1
        most = max(most, running)
        marks = rig.broker.marks(rig.queue).values()
        blamed.append(sum(mark.startswith("one:") for mark in marks))
        await asyncio.sleep(0)
        running -= 1
        return request

    await rig.serve(count)
    await until(lambda: rig.committed == 8)
    assert (most, rig.committed) == (1, 8)
    assert blamed == [1] * 8


async def test_orderly_restarts_are_never_suspected(rig: Rig) -> None:
    gate = Gate()
    call = rig.method()(b"x", timeout=10)
    for _ in range(10):
        made = await rig.serve(gate)
        await settled()
        await made.stop(0)
        assert set(rig.broker.marks(rig.queue).values()) == {""}
    assert len(gate.begun) == 10
    gate.open.set()
    await rig.serve(gate)
    assert await call == b"x"
    assert _letters(rig) == []


async def test_a_member_that_comes_and_goes_makes_nobody_suspicious(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x", timeout=10)
    for _ in range(5):
        other = await rig.serve(gate)
        await settled()
        await other.stop(None)
    assert set(rig.broker.marks(rig.queue).values()) <= {"", "run:1"}
    gate.open.set()
    assert await call == b"x"


async def test_a_server_that_stops_among_suspects_leaves_the_suspicion(rig: Rig) -> None:
    _publish(rig, b"a", b"b")
    await _suspicious(rig)
    gate = Gate()
    made = await rig.serve(gate)
    await settled()
    assert gate.begun == [b"a"]
    assert rig.broker.marks(rig.queue)[0] == "one:0:1"
    await made.stop(0)
    assert rig.broker.marks(rig.queue)[0] == "run:2"
    after = Gate()
    await rig.serve(after)
    await settled()
    assert after.begun == [b"a"]


async def test_a_suspect_is_cancelled_by_what_waits_behind_it(rig: Rig) -> None:
    _publish(rig, b"a", b"b")
    rig.broker.publish(rig.queue, encode_cancel(Cancel(key(0))), partition=0)
    await _suspicious(rig)
    gate = Gate()
    await rig.serve(gate)
    await settled()
    assert gate.begun[-1] == b"b"
    assert gate.cancelled == gate.begun[:-1]
    rig.broker.publish(rig.queue, encode_cancel(Cancel(key(1))), partition=0)
    await settled()
    assert gate.cancelled == gate.begun
    assert rig.committed == 4


async def test_a_suspect_that_lasts_long_holds_up_nobody_for_ever(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._care.PATIENCE", 0.02)
    _publish(rig, b"a", b"b", b"c")
    await _suspicious(rig)
    gate = Gate()
    await rig.serve(gate)
    await settled()
    assert gate.begun == [b"a"]
    await clock.pass_by(0.04)
    assert gate.begun == [b"a", b"b", b"c"]
    assert rig.broker.marks(rig.queue)[0] == "run:1"
    gate.open.set()
    await settled()
    assert rig.committed == 3


async def test_many_suspects_are_not_all_taken_at_once(rig: Rig) -> None:
    _publish(rig, *[b"%d" % number for number in range(500)])
    await _suspicious(rig)
    gate = Gate()
    await rig.serve(gate)
    await settled()
    _publish(rig, b"late")
    gate.open.set()
    for _ in range(100):
        await settled()
    assert gate.begun == [*[b"%d" % number for number in range(500)], b"late"]


async def test_a_request_in_parts_is_run_alone_and_whole(rig: Rig) -> None:
    large = b"l" * (PART * 2 + 10)
    call = rig.method()(large, timeout=10)
    await settled()
    await _suspicious(rig)
    gate = Gate()
    gate.open.set()
    await rig.serve(gate)
    assert await call == large
    await settled()
    assert rig.committed == 3


async def test_a_request_in_parts_is_set_aside_with_all_of_them(rig: Rig) -> None:
    large = POISON + b"l" * PART * 2
    call = rig.method()(large, timeout=10)
    await settled()
    await _killed(rig, 9)
    with pytest.raises(grpc.aio.AioRpcError, match="set aside"):
        await call
    assert b"".join(letter.value or b"" for letter in _letters(rig)) == large
    assert rig.committed == 3


async def test_parts_without_their_request_hold_up_nobody(rig: Rig) -> None:
    call = rig.method()(b"l" * (PART * 2 + 10), timeout=10)
    await settled()
    parts = rig.broker.records(rig.queue)[:2]
    call.cancel()
    await settled()
    assert rig.broker.records(rig.queue)[-1].partition == parts[0].partition
    await _suspicious(rig)
    gate = Gate()
    gate.open.set()
    await rig.serve(gate)
    await settled()
    assert rig.committed == len(rig.broker.records(rig.queue))


def _garbage() -> list[Encoded]:
    call_id, headers, value = encode_request(_request(1, b"x"))
    return [Encoded(b"", [], b"junk"), Encoded(call_id, headers, None), Encoded(call_id, [], value)]


async def test_what_cannot_be_parsed_is_set_aside_with_the_reason(rig: Rig) -> None:
    gate = Gate()
    gate.open.set()
    made = await rig.serve(gate)
    for record in _garbage():
        rig.broker.publish(rig.queue, record, partition=0)
    _publish(rig, b"x")
    await settled()
    letters = sorted(_letters(rig), key=lambda each: str(death_of(each.headers)))
    deaths = [death_of(letter.headers) for letter in letters]
    assert [death.source for death in deaths if death] == [
        "blue.test.Echo/0/1",
        "blue.test.Echo/0/2",
        "blue.test.Echo/0/0",
    ]
    assert deaths[0] is not None
    assert deaths[0].reason == "a REQUEST without a message"
    assert _counts(made) == (3, 3, 0)
    assert (gate.begun, rig.committed) == ([b"x"], 4)


async def test_garbage_among_suspects_is_set_aside_too(rig: Rig) -> None:
    for record in _garbage():
        rig.broker.publish(rig.queue, record, partition=0)
    await _suspicious(rig)
    await rig.serve(Gate())
    await settled()
    assert len(_letters(rig)) == 3
    assert rig.committed == 3


async def test_without_a_topic_for_them_letters_are_dropped_and_counted(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.broker.fail_sends(UnknownTopicError("no such topic"), topic=_LETTERS)
    call = rig.method()(POISON, timeout=10)
    await settled()
    (*_, last) = await _killed(rig, 9)
    assert not last.dead
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    assert raised.value.code() is grpc.StatusCode.INTERNAL
    assert raised.value.details() == (
        "the request was dropped: it brought its server down 2 times when it was run alone"
    )
    assert rig.committed == 1
    assert "is dropped, not set aside in blue.test.Echo.dead-letter: no such topic" in caplog.text


async def test_a_letter_is_sent_until_the_brokers_have_it_and_then_its_record_is_done_with(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._dead_letters._PAUSE", 0.01)
    made = await rig.serve(Gate())
    rig.broker.fail_sends(BrokerError("away"), topic=_LETTERS)
    rig.broker.publish(rig.queue, _garbage()[0], partition=0)
    await asyncio.sleep(0.03)
    assert (_counts(made), rig.committed) == ((1, 0, 0), 0)
    rig.broker.fail_sends(None, topic=_LETTERS)
    await until(lambda: rig.committed)
    assert (_counts(made), rig.committed) == ((1, 1, 0), 1)


async def test_a_caller_hears_that_its_request_was_set_aside_when_the_brokers_have_the_letter(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._dead_letters._PAUSE", 0.01)
    rig.broker.fail_sends(BrokerError("away"), topic=_LETTERS)
    call = rig.method()(POISON, timeout=10)
    await settled()
    await _killed(rig, 9)
    await asyncio.sleep(0.03)
    assert not call.done()
    rig.broker.fail_sends(None, topic=_LETTERS)
    with pytest.raises(grpc.aio.AioRpcError, match="set aside as a dead letter"):
        await call
    assert (len(_letters(rig)), rig.committed) == (1, 1)


async def test_a_letter_that_was_not_sent_at_the_end_is_the_next_servers(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._dead_letters._PAUSE", 0.01)
    made = await rig.serve(Gate())
    rig.broker.fail_sends(BrokerError("away"), topic=_LETTERS)
    rig.broker.publish(rig.queue, _garbage()[0], partition=0)
    await settled()
    await made.stop(None)
    await asyncio.sleep(0.03)
    rig.broker.fail_sends(None, topic=_LETTERS)
    assert rig.committed == 0
    await rig.serve(Gate())
    await settled()
    assert (len(_letters(rig)), rig.committed) == (1, 1)


async def test_a_flood_of_letters_that_cannot_leave_does_not_fill_the_memory(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._dead_letters._WAITING", 5)
    made = await rig.serve(Gate())
    rig.broker.fail_sends(BrokerError("away"), topic=_LETTERS)
    for _ in range(8):
        rig.broker.publish(rig.queue, _garbage()[0], partition=0)
    await settled()
    assert _counts(made) == (8, 0, 3)


def _counts(made: KafkaServer) -> tuple[int, int, int]:
    counters = made.counters
    return counters.malformed, counters.dead_lettered, counters.unlettered
