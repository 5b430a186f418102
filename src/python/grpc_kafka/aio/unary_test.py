from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import (
    BrokerError,
    InvalidMetadataError,
    RecordTooLargeError,
    UnknownTopicError,
)
from grpc_kafka.aio.conftest import echo, error_of, settled
from grpc_kafka.protocol import Encoded, FrameKind, Response, encode_response

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _sleep(_request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(60)
    return b"late"


def _kinds(rig: Rig) -> list[bytes | None]:
    return [dict(record.headers or ())[":frame"] for record in rig.broker.records(rig.queue)]


@pytest.mark.parametrize("message", [b"", b"x", bytes(100_000)])
async def test_an_answer_reaches_its_caller(rig: Rig, message: bytes) -> None:
    await rig.serve(echo)
    assert await rig.method()(message) == message


async def test_a_thousand_calls_in_flight_each_get_their_own_answer(rig: Rig) -> None:
    await rig.serve(echo)
    method = rig.method()
    wanted = [str(number).encode() for number in range(1000)]
    assert await asyncio.gather(*[method(each, timeout=20) for each in wanted]) == wanted


async def test_a_request_waits_for_a_server_that_comes_later(rig: Rig) -> None:
    call = rig.method()(b"early", timeout=5)
    await asyncio.sleep(0.05)
    assert not call.done()
    await rig.serve(echo)
    assert await call == b"early"


async def test_a_call_that_went_well_tells_all_about_itself(rig: Rig) -> None:
    async def talk(request: bytes, context: Context) -> bytes:
        await context.send_initial_metadata((("first", "1"), ("first-bin", b"\x00\xff")))
        context.set_trailing_metadata((("last", "2"), ("last", "3")))
        context.set_details("fine")
        return request

    await rig.serve(talk)
    call = rig.method()(b"x", timeout=5)
    seen: list[object] = []
    call.add_done_callback(seen.append)
    await call.wait_for_connection()
    assert [await call, await call] == [b"x", b"x"]
    assert tuple(await call.initial_metadata()) == (("first", "1"), ("first-bin", b"\x00\xff"))
    assert tuple(await call.trailing_metadata()) == (("last", "2"), ("last", "3"))
    assert await call.code() is grpc.StatusCode.OK
    assert await call.details() == ""
    assert await call.debug_error_string() == ""  # type: ignore[attr-defined]
    assert call.done()
    assert not call.cancelled()
    assert not call.cancel()
    remaining = call.time_remaining()
    assert remaining is not None
    assert 0 < remaining <= 5
    call.add_done_callback(seen.append)
    await asyncio.sleep(0)
    assert seen == [call, call]
    assert "OK" in repr(call)


async def test_an_error_carries_status_details_and_metadata(rig: Rig) -> None:
    async def refuse(_request: bytes, context: Context) -> bytes:
        await context.send_initial_metadata((("first", "1"),))
        await context.abort(
            grpc.StatusCode.NOT_FOUND, "нет такого: ünknown 💡", (("why-bin", b"\x01"),)
        )

    await rig.serve(refuse)
    error = await error_of(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "нет такого: ünknown 💡"
    assert tuple(error.initial_metadata()) == (("first", "1"),)
    assert tuple(error.trailing_metadata()) == (("why-bin", b"\x01"),)
    assert error.debug_error_string() == "NOT_FOUND:нет такого: ünknown 💡"


async def test_the_deadline_ends_a_call_by_the_clients_clock(rig: Rig) -> None:
    await rig.serve(_sleep)
    error = await error_of(rig.method()(b"x", timeout=0.05))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details() == "Deadline Exceeded"


async def test_a_timeout_that_is_over_at_once_sends_nothing(rig: Rig) -> None:
    error = await error_of(rig.method()(b"x", timeout=0))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert rig.broker.records(rig.queue) == []


@pytest.mark.parametrize("seconds", [float("inf"), 1e15, 1e8])
async def test_a_timeout_of_for_ever_is_a_timeout(rig: Rig, seconds: float) -> None:
    await rig.serve(echo)
    assert await rig.method()(b"x", timeout=seconds) == b"x"


@pytest.mark.parametrize("path", ["Echo/Call", "/Echo", "/a b/Call", "//Call", "/Echo/", "/Echo/é"])
async def test_a_path_that_names_no_method_is_refused(rig: Rig, path: str) -> None:
    with pytest.raises(ValueError, match="names no method"):
        rig.channel().unary_unary(path)


async def test_cancel_ends_the_call_here_and_tells_the_server(rig: Rig) -> None:
    await rig.serve(_sleep)
    call = rig.method()(b"x")
    await settled()
    assert not call.done()
    assert call.cancel()
    assert not call.cancel()
    assert call.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details() == "Locally cancelled by application!"
    assert _kinds(rig) == [FrameKind.REQUEST.encode(), FrameKind.CANCEL.encode()]
    assert len({(each.partition, each.key) for each in rig.broker.records(rig.queue)}) == 1


async def test_cancelling_who_waits_cancels_the_call(rig: Rig) -> None:
    await rig.serve(_sleep)
    call = rig.method()(b"x")

    async def wait() -> bytes:
        return await call

    waiter = asyncio.create_task(wait())
    await settled()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert call.cancelled()
    assert _kinds(rig)[-1] == FrameKind.CANCEL.encode()


async def test_cancelling_who_asks_for_the_code_leaves_the_call_alone(rig: Rig) -> None:
    await rig.serve(_sleep)
    call = rig.method()(b"x")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.code(), 0.02)
    assert not call.done()


async def test_a_call_cancelled_before_it_left_is_never_sent(rig: Rig) -> None:
    call = rig.method()(b"x")
    call.cancel()
    await asyncio.sleep(0.02)
    assert rig.broker.records(rig.queue) == []


async def test_a_second_answer_is_ignored(rig: Rig) -> None:
    await rig.serve(echo)
    channel = rig.channel()
    call = rig.method(channel)(b"x")
    assert await call == b"x"
    (answer,) = rig.broker.records("blue.tests.inbox")
    assert answer.key is not None
    headers = [(name, value or b"") for name, value in answer.headers or ()]
    for _ in range(2):
        rig.broker.publish(
            answer.topic, Encoded(answer.key, headers, b"forged"), partition=answer.partition
        )
    await asyncio.sleep(0.01)
    assert await call == b"x"


async def test_an_answer_for_another_instance_is_dropped(rig: Rig) -> None:
    channel = rig.channel()
    await channel.channel_ready()
    call = rig.method(channel)(b"x", timeout=0.2)
    await settled()
    (request,) = rig.broker.records(rig.queue)
    assert request.key is not None
    forged = encode_response(Response(request.key, "somebody", (), 0, "", (), b"forged"))
    for partition in range(4):
        rig.broker.publish("blue.tests.inbox", forged, partition=partition)
        rig.broker.publish(
            "blue.tests.inbox", Encoded(request.key, [], b"garbage"), partition=partition
        )
    assert (await error_of(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert (channel.counters.unexpected, channel.counters.malformed) == (1, 1)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (BrokerError("the broker is on fire"), grpc.StatusCode.UNAVAILABLE),
        (UnknownTopicError("no such topic"), grpc.StatusCode.UNIMPLEMENTED),
        (RecordTooLargeError("too large"), grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
async def test_a_request_that_could_not_be_sent_ends_its_call_at_once(
    rig: Rig, refusal: BrokerError, code: grpc.StatusCode
) -> None:
    rig.broker.fail_sends(refusal)
    error = await error_of(rig.method()(b"x", timeout=30))
    assert error.code() is code
    assert refusal.reason in (error.details() or "")


async def test_metadata_past_a_records_size_is_refused_clearly(rig: Rig) -> None:
    error = await error_of(rig.method()(b"x", metadata=(("much", "x" * 1_500_000),), timeout=30))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "1000000" in (error.details() or "")


async def test_grpcs_own_limits_hold_on_the_clients_side(rig: Rig) -> None:
    await rig.serve(echo)
    channel = rig.channel(
        options=[("grpc.max_send_message_length", 10), ("grpc.max_receive_message_length", 5)]
    )
    method = rig.method(channel)
    assert await method(b"12345") == b"12345"
    received = await error_of(method(b"123456"))
    assert received.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert received.details() == "CLIENT: Received message larger than max (6 vs. 5)"
    sent = await error_of(method(bytes(11)))
    assert sent.details() == "CLIENT: Sent message larger than max (11 vs. 10)"


async def test_what_cannot_be_written_or_read_is_internal(rig: Rig) -> None:
    def fail(_message: bytes) -> bytes:
        raise ValueError("cannot")

    await rig.serve(echo)
    channel = rig.channel()
    write: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/test.Echo/Call", request_serializer=fail
    )
    writing = await error_of(write(b"x"))
    assert writing.code() is grpc.StatusCode.INTERNAL
    assert writing.details() == "Exception serializing request!"
    read: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/test.Echo/Call", None, fail
    )
    assert (await error_of(read(b"x"))).details() == "Exception deserializing response!"


async def test_a_request_that_is_no_bytes_is_refused_and_none_is_empty(rig: Rig) -> None:
    await rig.serve(echo)
    method = rig.method()
    assert await method(None, timeout=5) == b""  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes"):
        _ = method("text")  # type: ignore[arg-type]


async def test_bad_metadata_is_refused_before_anything_leaves(rig: Rig) -> None:
    with pytest.raises(InvalidMetadataError):
        _ = rig.method()(b"x", metadata=(("Bad Key", "x"),))
    assert rig.broker.records(rig.queue) == []


async def test_metadata_may_come_as_grpc_aio_metadata(rig: Rig) -> None:
    async def look(_request: bytes, context: Context) -> bytes:
        return repr(tuple(tuple(each) for each in context.invocation_metadata() or ())).encode()

    await rig.serve(look)
    metadata = grpc.aio.Metadata(("a", "1"), ("b-bin", b"\x02"))
    assert await rig.method()(b"", metadata=metadata) == b"(('a', '1'), ('b-bin', b'\\x02'))"
