"""Streams on real brokers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.transport.conftest import SERVICE
from tests.transport.talking import (
    PATH,
    WINDOW,
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
    from collections.abc import AsyncIterator, Iterator

    from grpc_kafka.aio import KafkaChannel
    from tests.transport.conftest import Handler, Lane
    from tests.transport.talking import Behaviour, Context, Requests


def _requests(behaviour: Behaviour) -> Handler:
    handler: Handler = grpc.stream_unary_rpc_method_handler(behaviour)
    return handler


def _asking(channel: KafkaChannel) -> grpc.aio.StreamUnaryMultiCallable[bytes, bytes]:
    method: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(PATH)
    return method


async def _echo(requests: Requests, _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def _each(messages: list[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


async def _numbers(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield b"%d" % number


async def test_each_arity_carries_its_messages(lane: Lane) -> None:
    async def double(request: bytes, _context: Context) -> AsyncIterator[bytes]:
        yield request
        yield request

    async def join(requests: Requests, _context: Context) -> bytes:
        return b"".join([request async for request in requests])

    channel = lane.channel()
    first = await lane.serve_with(answers_method(double))
    answers = answers_of(channel)(b"ab", timeout=30)
    assert [answer async for answer in answers] == [b"ab", b"ab"]
    await first.stop(None)
    second = await lane.serve_with(_requests(join))
    assert await _asking(channel)(_each([b"a", b"", b"c"]), timeout=30) == b"ac"
    await second.stop(None)
    await lane.serve_with(both_method(_echo))
    call = method_of(channel)(_each([b"a", b"", b"c"]), timeout=30)
    assert [answer async for answer in call] == [b"a", b"", b"c"]
    assert await call.code() is grpc.StatusCode.OK


async def test_plain_functions_serve_streams_from_their_threads(lane: Lane) -> None:
    def shout(requests: Iterator[bytes], _context: object) -> Iterator[bytes]:
        for request in requests:
            yield request.upper()

    await lane.serve_with(both_method(shout))
    call = method_of(lane.channel())(_each([b"a", b"b"]), timeout=30)
    assert [answer async for answer in call] == [b"A", b"B"]


async def test_five_thousand_messages_each_way_arrive_once_and_in_order(lane: Lane) -> None:
    heard: list[bytes] = []

    async def listen_and_count(requests: Requests, _context: Context) -> AsyncIterator[bytes]:
        listening = asyncio.create_task(_listen(requests))
        for number in range(5000):
            yield b"%d" % number
        await listening

    async def _listen(requests: Requests) -> None:
        heard.extend([request async for request in requests])

    await lane.serve_with(both_method(listen_and_count))
    call = method_of(lane.channel())(_numbers(5000), timeout=60)
    wanted = [b"%d" % number for number in range(5000)]
    assert [answer async for answer in call] == wanted
    assert heard == wanted


async def test_a_slow_client_holds_the_server_back(lane: Lane) -> None:
    written = 0
    message = bytes(10_000)

    async def pour(_request: bytes, context: Context) -> None:
        nonlocal written
        for _ in range(200):
            await context.write(message)
            written += 1

    await lane.serve_with(answers_method(pour))
    call = answers_of(lane.channel())(b"", timeout=60)
    for taken in (0, 1, 50):
        for _ in range(taken):
            assert await call.read() == message
        await asyncio.sleep(0.5)
        assert written * len(message) <= (taken + 2) * len(message) * 2 + WINDOW
    assert written < 200
    for _ in range(149):
        assert await call.read() == message
    assert await call.read() is grpc.aio.EOF
    assert written == 200


async def test_a_slow_handler_holds_the_client_back(lane: Lane) -> None:
    going = asyncio.Event()
    written = 0
    message = bytes(10_000)

    async def wait(requests: Requests, _context: Context) -> bytes:
        await going.wait()
        return b"%d" % len([request async for request in requests])

    async def pour() -> AsyncIterator[bytes]:
        nonlocal written
        for _ in range(200):
            yield message
            written += 1

    await lane.serve_with(_requests(wait))
    call = _asking(lane.channel())(pour(), timeout=60)
    await until(lambda: written > 20)
    await asyncio.sleep(0.5)
    assert written * len(message) <= WINDOW + 2 * len(message)
    going.set()
    assert await call == b"200"


async def test_messages_of_three_mebibytes_pass_in_both_directions(apache_lane: Lane) -> None:
    # librdkafka's own broker keeps 5 MiB of a partition, and forgets the rest unread.
    await apache_lane.serve_with(both_method(_echo))
    large = [bytes([number]) * (3 * 1024 * 1024) for number in range(4)]
    call = method_of(apache_lane.channel())(_each(large), timeout=60)
    assert [answer async for answer in call] == large


async def test_a_message_past_the_limit_ends_its_stream_only(apache_lane: Lane) -> None:
    await apache_lane.serve_with(both_method(_echo))
    method = method_of(apache_lane.channel())
    other = method(timeout=60)
    await say(other, b"before")
    call = method(_each([bytes(5 * 1024 * 1024)]), timeout=60)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in (caught.value.details() or "")
    await say(other, b"after")


async def test_metadata_goes_both_ways_and_the_first_before_any_message(lane: Lane) -> None:
    going = asyncio.Event()

    async def speak(_request: bytes, context: Context) -> AsyncIterator[bytes]:
        entries = tuple((key, value) for key, value in context.invocation_metadata() or ())
        await context.send_initial_metadata(entries)
        context.set_trailing_metadata((("t", "end"), ("t-bin", b"\xff\x00")))
        await going.wait()
        yield b"x"

    await lane.serve_with(answers_method(speak))
    metadata = (("k", "v"), ("k", "w"), ("k-bin", bytes(range(256))))
    call = answers_of(lane.channel())(b"", timeout=30, metadata=metadata)
    assert tuple(await call.initial_metadata()) == metadata
    going.set()
    assert [answer async for answer in call] == [b"x"]
    assert tuple(await call.trailing_metadata()) == (("t", "end"), ("t-bin", b"\xff\x00"))


async def test_rich_errors_come_after_the_messages_before_them(lane: Lane) -> None:
    violation = error_details_pb2.BadRequest.FieldViolation(field="f", description="is missing")
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    rich = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="нет 💡", details=[detail])

    async def refuse(request: bytes, context: Context) -> AsyncIterator[bytes]:
        yield request
        await context.abort_with_status(rpc_status.to_status(rich))

    await lane.serve_with(answers_method(refuse))
    call = answers_of(lane.channel())(b"first", timeout=30)
    assert await call.read() == b"first"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    error = caught.value
    assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "нет 💡")
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert status_pb2.Status.FromString(bytes(raw)) == rich


async def test_a_method_that_is_not_served_is_unimplemented(lane: Lane) -> None:
    await lane.serve_with(both_method(_echo))
    call = method_of(lane.channel(), f"/{SERVICE}/Other")(_each([b"x"]), timeout=30)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_cancellation_reaches_the_handler(lane: Lane) -> None:
    talk = Talk()
    await lane.serve_with(both_method(talk))
    method = method_of(lane.channel())
    call = await open_talk(method, b"cancelled")
    other = await open_talk(method, b"other")
    call.cancel()
    await until(lambda: talk.cancelled == [b"cancelled"])
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await end_of(other) is grpc.StatusCode.OK


async def test_a_handler_that_goes_on_after_its_cancellation_finds_the_stream_ended(
    lane: Lane,
) -> None:
    found: list[object] = []

    async def stubborn(requests: Requests, context: Context) -> None:
        await context.write(await anext(requests))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await context.write(b"late")
            found.extend([context.cancelled(), [request async for request in requests]])
            raise

    await lane.serve_with(both_method(stubborn))
    call = await open_talk(method_of(lane.channel()), b"first")
    for _ in range(30):
        await call.write(bytes(8000))
    call.cancel()
    await until(lambda: found)
    assert found[0] is True


async def test_a_stream_cancelled_before_a_server_is_there_is_never_begun(lane: Lane) -> None:
    talk = Talk()
    method = method_of(lane.channel())
    call = method(timeout=60)
    writing = asyncio.create_task(call.write(b"early"))
    await asyncio.sleep(0.5)
    call.cancel()
    await asyncio.wait([writing])
    assert writing.cancelled() or writing.exception() is not None
    await lane.serve_with(both_method(talk))
    assert await end_of(await open_talk(method, b"next")) is grpc.StatusCode.OK
    assert talk.begun == {b"next": 1}


async def test_a_client_that_writes_on_after_the_end_still_reads_what_was_said(lane: Lane) -> None:
    async def one(_requests: Requests, _context: Context) -> AsyncIterator[bytes]:
        yield b"one"

    await lane.serve_with(both_method(one))
    call = method_of(lane.channel())(timeout=30)
    for _ in range(2000):
        await call.write(bytes(1000))
    await call.done_writing()
    assert await call.read() == b"one"
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_a_stream_waits_in_its_queue_for_a_server(lane: Lane) -> None:
    call = method_of(lane.channel())(_each([b"early"]), timeout=60)
    await asyncio.sleep(0.3)
    await lane.serve_with(both_method(_echo))
    assert [answer async for answer in call] == [b"early"]


async def test_the_deadline_ends_both_sides(lane: Lane) -> None:
    talk = Talk()
    await lane.serve_with(both_method(talk))
    method = method_of(lane.channel())
    await end_of(await open_talk(method, b"warm"))
    call = await open_talk(method, b"expired", seconds=4)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: talk.cancelled == [b"expired"])


async def test_hundreds_of_streams_at_once_each_keep_their_own_messages(lane: Lane) -> None:
    await lane.serve_with(both_method(_echo))
    method = method_of(lane.channel())

    async def stream(name: int) -> None:
        call = method(timeout=60)
        for number in range(20):
            await say(call, b"%d, %d" % (name, number))
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF

    await asyncio.gather(*[stream(name) for name in range(400)])


async def test_streams_that_all_pour_at_once_wait_for_the_brokers(lane: Lane) -> None:
    async def pour(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        for number in range(1500):
            yield b"%d" % number

    await lane.serve_with(answers_method(pour))
    method = answers_of(lane.channel())

    async def count() -> int:
        return len([answer async for answer in method(b"", timeout=90)])

    assert await asyncio.gather(*[count() for _ in range(100)]) == [1500] * 100
