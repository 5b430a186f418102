from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError, UnknownTopicError
from grpc_kafka.aio.conftest import HOME, Gate, key, settled
from grpc_kafka.protocol import (
    Address,
    Cancel,
    Encoded,
    Request,
    Response,
    encode_cancel,
    encode_request,
    encode_response,
)

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Clock, Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def test_a_request_is_committed_only_after_its_answer(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x")
    await settled()
    assert (gate.begun, rig.committed) == ([b"x"], 0)
    gate.open.set()
    await call
    await settled()
    assert rig.committed == 1


async def test_what_a_vanished_server_did_not_answer_another_one_does(rig: Rig) -> None:
    dead, alive = Gate(), Gate()
    alive.open.set()
    await rig.serve(dead)
    calls = [rig.method()(str(number).encode(), timeout=5) for number in range(10)]
    await settled()
    assert len(dead.begun) == 10
    (member,) = rig.broker.members(rig.queue)
    member.vanish()
    await rig.serve(alive)
    assert await asyncio.gather(*calls) == [str(number).encode() for number in range(10)]


async def test_what_brings_a_handler_down_leaves_its_request_in_the_queue(rig: Rig) -> None:
    class DyingError(BaseException):
        """What `SystemExit` is, but for the test's own process."""

    async def die(_request: bytes, _context: Context) -> bytes:
        raise DyingError

    await rig.serve(die)
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: failures.append(told))
    call = rig.method()(b"x", timeout=5)
    await settled()
    gc.collect()
    assert len(failures) == 1
    assert (len(rig.broker.records(rig.queue)), rig.committed) == (1, 0)
    call.cancel()


async def test_what_was_answered_is_not_delivered_again(rig: Rig) -> None:
    first, second = Gate(), Gate()
    first.open.set()
    one = await rig.serve(first)
    method = rig.method()
    await asyncio.gather(*[method(b"x") for _ in range(20)])
    await one.stop(None)
    await rig.serve(second)
    await settled()
    assert second.begun == []


async def test_a_delivery_repeated_during_the_work_begins_nothing(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate)
    request = Request(key(1), "/test.Echo/Call", HOME, None, (), b"x")
    for _ in range(3):
        rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    gate.open.set()
    await settled()
    assert gate.begun == [b"x"]
    assert rig.answers == 1
    assert made.counters.stale == 2
    assert rig.committed == 3


async def test_a_cancellation_reaches_the_handler(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x")
    await settled()
    call.cancel()
    await settled()
    assert gate.cancelled == [b"x"]
    assert gate.contexts[0].cancelled()
    assert gate.contexts[0].done()
    assert rig.answers == 0
    assert rig.committed == 2


async def test_a_cancellation_behind_its_request_in_one_batch_still_counts(rig: Rig) -> None:
    gate = Gate()
    request = Request(key(1), "/test.Echo/Call", HOME, None, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    rig.broker.publish(rig.queue, encode_cancel(Cancel(key(1))))
    await rig.serve(gate)
    await settled()
    assert gate.cancelled == gate.begun
    assert rig.committed == 2


async def test_a_cancellation_drops_what_was_not_begun(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate, maximum_concurrent_rpcs=1)
    for number in (1, 2):
        request = Request(key(number), "/test.Echo/Call", HOME, None, (), str(number).encode())
        rig.broker.publish(rig.queue, encode_request(request), partition=0)
    rig.broker.publish(rig.queue, encode_cancel(Cancel(key(2))), partition=0)
    await settled()
    gate.open.set()
    await settled()
    assert gate.begun == [b"1"]
    assert made.counters.cancelled == 1
    assert rig.committed == 3


async def test_a_cancellation_is_read_behind_as_many_requests_as_run(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate, maximum_concurrent_rpcs=4)
    method = rig.method()
    calls = [method(b"%d" % number) for number in range(6)]
    await settled()
    assert len(gate.begun) == 4
    for call in calls:
        call.cancel()
    await settled()
    assert len(gate.cancelled) == 4
    assert made.counters.cancelled == 2
    assert rig.committed == 12


async def test_a_server_that_stops_holds_up_nobody_with_what_it_has_not_begun(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate, maximum_concurrent_rpcs=1)
    method = rig.method()
    calls = [method(b"%d" % number, timeout=5) for number in range(3)]
    await settled()
    (member,) = rig.broker.members(rig.queue)
    stop = asyncio.create_task(made.stop(5))
    await settled()
    left = asyncio.Event()
    member.ask_to_leave(left.set)
    gate.open.set()
    await stop
    assert left.is_set()
    assert rig.committed == 1
    for call in calls:
        call.cancel()


async def test_a_process_that_ends_without_stopping_leaves_its_requests_in_the_queue(
    rig: Rig,
) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x", timeout=5)
    await settled()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        # What `asyncio.run` does when its main function has ended.
        task.cancel()
    await settled()
    assert gate.cancelled == [b"x"]
    assert (rig.answers, rig.committed) == (0, 0)
    call.cancel()


async def test_a_cancellation_of_nothing_known_is_done_with(rig: Rig) -> None:
    made = await rig.serve(Gate())
    rig.broker.publish(rig.queue, encode_cancel(Cancel(key(1))))
    await settled()
    assert (made.counters.stale, rig.committed) == (1, 1)


async def test_an_expired_request_is_dropped_unread_and_counted(rig: Rig) -> None:
    gate = Gate()
    made = await rig.serve(gate)
    request = Request(key(1), "/test.Echo/Call", HOME, time.time() - 1, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    assert gate.begun == []
    assert made.counters.expired == 1
    assert (rig.answers, rig.committed) == (0, 1)


async def test_a_handler_is_cancelled_at_its_deadline(rig: Rig, clock: Clock) -> None:
    gate = Gate()
    await rig.serve(gate)
    request = Request(key(1), "/test.Echo/Call", HOME, time.time() + 20, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    assert (gate.begun, gate.cancelled) == ([b"x"], [])
    await clock.pass_by(20)
    assert gate.cancelled == [b"x"]
    assert (rig.answers, rig.committed) == (0, 1)


async def test_garbage_harms_nobody(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    gate.open.set()
    made = await rig.serve(gate)
    good = Request(key(1), "/test.Echo/Call", HOME, None, (), b"x")
    call_id, headers, value = encode_request(good)
    garbage = [
        Encoded(b"", [], b""),
        Encoded(call_id, [], value),
        Encoded(call_id, [(":version", b"9"), *headers[1:]], value),
        Encoded(call_id, [each for each in headers if each[0] != ":reply-to"], value),
        Encoded(call_id, headers, None),
    ]
    for record in garbage:
        rig.broker.publish(rig.queue, record, partition=0)
    foreign = good._replace(call_id=key(2), reply_to=Address("blue.other.Queue", 0, "me"))
    other_lane = good._replace(call_id=key(3), reply_to=Address("green.tests.inbox", 0, "me"))
    rig.broker.publish(rig.queue, encode_request(foreign), partition=0)
    rig.broker.publish(rig.queue, encode_request(other_lane), partition=0)
    answer = Response(key(4), "me", (), 0, "", (), b"")
    rig.broker.publish(rig.queue, encode_response(answer), partition=0)
    rig.broker.publish(rig.queue, encode_request(good), partition=0)
    await settled()
    assert gate.begun == [b"x"]
    assert (made.counters.malformed, made.counters.unexpected) == (5, 3)
    assert rig.committed == 9
    assert caplog.text.count("no frame of this protocol") == 3


async def test_an_answer_that_was_not_acknowledged_is_sent_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._answers._FIRST_PAUSE", 0.01)
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x", timeout=5)
    await settled()
    rig.broker.fail_sends(BrokerError("the broker is away"))
    gate.open.set()
    await asyncio.sleep(0.025)
    assert rig.committed == 0
    rig.broker.fail_sends(None)
    assert await call == b"x"
    await settled()
    assert rig.committed == 1


async def test_an_answer_is_sent_again_for_as_long_as_brokers_are_away(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No pause: each turn of the loop is another attempt, however slow the machine is.
    monkeypatch.setattr("grpc_kafka.aio._answers._FIRST_PAUSE", 0)
    gate = Gate()
    made = await rig.serve(gate, maximum_concurrent_rpcs=2)
    method = rig.method()
    calls = [method(b"%d" % number, timeout=60) for number in range(9)]
    await settled()
    rig.broker.fail_sends(BrokerError("away"))
    gate.open.set()
    for _ in range(10):
        await settled()
    assert len(gate.begun) < 9
    assert (rig.committed, made.counters.unsent) == (0, 0)
    rig.broker.fail_sends(None)
    assert len(await asyncio.gather(*calls)) == 9
    await settled()
    assert rig.committed == 9


async def test_an_answer_that_cannot_arrive_is_given_up_and_counted(rig: Rig) -> None:
    gate = Gate()
    gate.open.set()
    made = await rig.serve(gate)
    request = Request(key(1), "/test.Echo/Call", HOME, None, (), b"x")
    rig.broker.fail_sends(UnknownTopicError("gone"))
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    assert made.counters.unsent == 1
    assert rig.committed == 1


async def test_a_flood_of_answers_that_cannot_arrive_fills_no_log(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    gate.open.set()
    made = await rig.serve(gate)
    nowhere = Address("blue.nobody.inbox", 0, "me")
    requests = [Request(key(n), "/test.Echo/Call", nowhere, None, (), b"x") for n in range(9)]
    for request in requests:
        rig.broker.publish(rig.queue, encode_request(request))
    rig.broker.fail_sends(UnknownTopicError("gone"))
    await settled()
    assert made.counters.unsent == 9
    assert caplog.text.count("was not sent: gone") == 4
