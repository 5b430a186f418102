"""Unary calls on real brokers."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import Producer

from tests.transport.waiting import until

if TYPE_CHECKING:
    from tests.transport.conftest import Lane

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


class Gate:
    """A handler that waits to be let go on, and notes what became of it."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.cancelled: list[bytes] = []
        self.open = asyncio.Event()

    async def __call__(self, request: bytes, _context: Context) -> bytes:
        self.begun.append(request)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise
        return request


async def _error(call: grpc.aio.UnaryUnaryCall[bytes, bytes]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_metadata_status_and_messages_survive_the_broker(lane: Lane) -> None:
    async def talk(request: bytes, context: Context) -> bytes:
        entries = tuple((key, value) for key, value in context.invocation_metadata() or ())
        await context.send_initial_metadata(entries)
        if request == b"refuse":
            await context.abort(
                grpc.StatusCode.NOT_FOUND, "нет 💡", (("grpc-status-details-bin", b"\x00\xff"),)
            )
        return request

    await lane.serve(talk)
    method = lane.method()
    metadata = (("k", "v"), ("k", "w"), ("k-bin", bytes(range(256))))
    call = method(b"", timeout=20, metadata=metadata)
    assert await call == b""
    assert tuple(await call.initial_metadata()) == metadata
    assert await method(bytes(500_000), timeout=20) == bytes(500_000)
    error = await _error(method(b"refuse", timeout=20))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "нет 💡")
    assert tuple(error.trailing_metadata()) == (("grpc-status-details-bin", b"\x00\xff"),)


async def test_a_thousand_calls_in_flight_each_get_their_own_answer(lane: Lane) -> None:
    await lane.serve(_echo)
    method = lane.method()
    wanted = [str(number).encode() for number in range(1000)]
    assert await asyncio.gather(*[method(each, timeout=30) for each in wanted]) == wanted


async def test_a_request_waits_in_its_queue_for_a_server(lane: Lane) -> None:
    call = lane.method()(b"early", timeout=30)
    await asyncio.sleep(0.3)
    assert not call.done()
    await lane.serve(_echo)
    assert await call == b"early"


async def test_cancellation_and_deadline_reach_the_handler(lane: Lane) -> None:
    gate = Gate()
    await lane.serve(gate)
    method = lane.method()
    call = method(b"cancelled", timeout=30)
    await until(lambda: gate.begun)
    call.cancel()
    await until(lambda: gate.cancelled == [b"cancelled"])
    error = await _error(method(b"expired", timeout=3))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: gate.cancelled == [b"cancelled", b"expired"])


async def test_an_expired_request_is_never_begun(lane: Lane) -> None:
    gate = Gate()
    gate.open.set()
    channel = lane.channel()
    await channel.channel_ready()
    error = await _error(lane.method(channel)(b"late", timeout=2))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    made = await lane.serve(gate)
    assert await lane.method()(b"in time", timeout=20) == b"in time"
    await until(lambda: made.counters.expired == 1)
    assert gate.begun == [b"in time"]


async def test_a_message_larger_than_a_record_goes_there_and_back(lane: Lane) -> None:
    await lane.serve(_echo)
    message = b"".join(number.to_bytes(4) for number in range(750_000))
    assert await lane.method()(message, timeout=20) == message


async def test_metadata_past_a_records_size_is_refused_on_either_side(lane: Lane) -> None:
    much = (("much", "x" * 1_500_000),)

    async def talk(request: bytes, context: Context) -> bytes:
        context.set_trailing_metadata(much)
        return request

    await lane.serve(talk)
    method = lane.method()
    for call in (method(b"x", metadata=much, timeout=20), method(b"x", timeout=20)):
        error = await _error(call)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "too large" in (error.details() or "").lower()


async def test_backpressure_loses_nothing_and_repeats_nothing(lane: Lane) -> None:
    begun: Counter[bytes] = Counter()
    running, most = 0, 0

    async def count(request: bytes, _context: Context) -> bytes:
        nonlocal running, most
        begun[request] += 1
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        return request

    await lane.serve(count, maximum_concurrent_rpcs=5)
    method = lane.method()
    wanted = [str(number).encode() for number in range(400)]

    async def wave(part: list[bytes]) -> list[bytes]:
        return [await method(each, timeout=40) for each in part]

    waves = [wanted[start::40] for start in range(40)]
    answers = await asyncio.gather(*[wave(part) for part in waves])
    assert answers == waves
    assert most == 5
    assert set(begun.values()) == {1}


async def test_servers_that_come_and_go_lose_no_call_and_repeat_none(lane: Lane) -> None:
    begun: Counter[bytes] = Counter()

    async def work(request: bytes, _context: Context) -> bytes:
        begun[request] += 1
        await asyncio.sleep(0.005)
        return request

    first = await lane.serve(work)
    method = lane.method()
    assert await method(b"warm", timeout=20) == b"warm"
    failed: list[Exception] = []
    answered = 0
    stopping = asyncio.Event()

    async def caller(number: int) -> None:
        nonlocal answered
        while not stopping.is_set():
            answered += 1
            request = b"%d, %d" % (number, answered)
            try:
                assert await method(request, timeout=20) == request
            except grpc.aio.AioRpcError as error:
                failed.append(error)

    callers = [asyncio.create_task(caller(number)) for number in range(20)]
    second = await lane.serve(work)
    await asyncio.sleep(2)
    await first.stop(5)
    await asyncio.sleep(1)
    third = await lane.serve(work)
    await asyncio.sleep(1)
    stopping.set()
    await asyncio.wait_for(asyncio.gather(*callers), 25)
    assert not failed
    assert answered > 100
    assert set(begun.values()) == {1}
    await until(lambda: second.healthy().ok and third.healthy().ok)


async def test_what_was_answered_is_not_delivered_to_the_next_server(lane: Lane) -> None:
    first = await lane.serve(_echo)
    method = lane.method()
    await asyncio.gather(*[method(b"x", timeout=20) for _ in range(100)])
    await first.stop(5)
    gate = Gate()
    gate.open.set()
    await lane.serve(gate)
    assert await method(b"next", timeout=20) == b"next"
    assert gate.begun == [b"next"]


async def test_garbage_in_queue_and_inbox_harms_nobody(lane: Lane) -> None:
    made = await lane.serve(_echo)
    channel = lane.channel()
    method = lane.method(channel)
    assert await method(b"before", timeout=20) == b"before"
    producer = Producer({"bootstrap.servers": lane.cluster.bootstrap_servers})
    for topic in (lane.queue, lane.inbox):
        for partition in range(4):
            producer.produce(topic, b"junk", partition=partition)
            producer.produce(topic, None, bytes(16), partition=partition)
            headers: list[tuple[str, str | bytes | None]] = [
                (":version", b"9"),
                (":frame", b"REQUEST"),
            ]
            producer.produce(topic, b"x", bytes(16), partition, headers=headers)
    assert await asyncio.to_thread(producer.flush, 10) == 0
    answers = await asyncio.gather(*[method(b"after", timeout=20) for _ in range(50)])
    assert answers == [b"after"] * 50
    await until(lambda: made.counters.malformed == 12)
    assert made.healthy().ok
    assert channel.healthy().ok
