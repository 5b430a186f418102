from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import (
    BrokerError,
    Health,
    InvalidMetadataError,
    RecordTooLargeError,
    UnknownTopicError,
)
from grpc_kafka.protocol import Encoded, FrameKind, Response, encode_response

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _sleep(_request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(60)
    return b"late"


def _kinds(rig: Rig) -> list[bytes | None]:
    return [dict(record.headers or ())[":frame"] for record in rig.broker.records(rig.queue)]


async def _error(call: grpc.aio.UnaryUnaryCall[bytes, bytes]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("message", [b"", b"x", bytes(100_000)])
async def test_an_answer_reaches_its_caller(rig: Rig, message: bytes) -> None:
    await rig.serve(_echo)
    assert await rig.method()(message) == message


async def test_a_thousand_calls_in_flight_each_get_their_own_answer(rig: Rig) -> None:
    await rig.serve(_echo)
    method = rig.method()
    wanted = [str(number).encode() for number in range(1000)]
    assert await asyncio.gather(*[method(each, timeout=20) for each in wanted]) == wanted


async def test_a_request_waits_for_a_server_that_comes_later(rig: Rig) -> None:
    call = rig.method()(b"early", timeout=5)
    await asyncio.sleep(0.05)
    assert not call.done()
    await rig.serve(_echo)
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
    error = await _error(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "нет такого: ünknown 💡"
    assert tuple(error.initial_metadata()) == (("first", "1"),)
    assert tuple(error.trailing_metadata()) == (("why-bin", b"\x01"),)
    assert error.debug_error_string() == "NOT_FOUND:нет такого: ünknown 💡"


async def test_the_deadline_ends_a_call_by_the_clients_clock(rig: Rig) -> None:
    await rig.serve(_sleep)
    error = await _error(rig.method()(b"x", timeout=0.05))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert error.details() == "Deadline Exceeded"


async def test_a_timeout_that_is_over_at_once_sends_nothing(rig: Rig) -> None:
    error = await _error(rig.method()(b"x", timeout=0))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert rig.broker.records(rig.queue) == []


@pytest.mark.parametrize("seconds", [float("inf"), 1e15, 1e8])
async def test_a_timeout_of_for_ever_is_a_timeout(rig: Rig, seconds: float) -> None:
    await rig.serve(_echo)
    assert await rig.method()(b"x", timeout=seconds) == b"x"


@pytest.mark.parametrize("path", ["Echo/Call", "/Echo", "/a b/Call", "//Call", "/Echo/", "/Echo/é"])
async def test_a_path_that_names_no_method_is_refused(rig: Rig, path: str) -> None:
    with pytest.raises(ValueError, match="names no method"):
        rig.channel().unary_unary(path)


async def test_cancel_ends_the_call_here_and_tells_the_server(rig: Rig) -> None:
    await rig.serve(_sleep)
    call = rig.method()(b"x")
    await asyncio.sleep(0.02)
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
    await asyncio.sleep(0.02)
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
    await rig.serve(_echo)
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
    await asyncio.sleep(0.01)
    (request,) = rig.broker.records(rig.queue)
    assert request.key is not None
    forged = encode_response(Response(request.key, "somebody", (), 0, "", (), b"forged"))
    for partition in range(4):
        rig.broker.publish("blue.tests.inbox", forged, partition=partition)
        rig.broker.publish(
            "blue.tests.inbox", Encoded(request.key, [], b"garbage"), partition=partition
        )
    assert (await _error(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
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
    error = await _error(rig.method()(b"x", timeout=30))
    assert error.code() is code
    assert refusal.reason in (error.details() or "")


async def test_metadata_past_a_records_size_is_refused_clearly(rig: Rig) -> None:
    error = await _error(rig.method()(b"x", metadata=(("much", "x" * 1_500_000),), timeout=30))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "1000000" in (error.details() or "")


async def test_grpcs_own_limits_hold_on_the_clients_side(rig: Rig) -> None:
    await rig.serve(_echo)
    channel = rig.channel(
        options=[("grpc.max_send_message_length", 10), ("grpc.max_receive_message_length", 5)]
    )
    method = rig.method(channel)
    assert await method(b"12345") == b"12345"
    received = await _error(method(b"123456"))
    assert received.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert received.details() == "CLIENT: Received message larger than max (6 vs. 5)"
    sent = await _error(method(bytes(11)))
    assert sent.details() == "CLIENT: Sent message larger than max (11 vs. 10)"


async def test_what_cannot_be_written_or_read_is_internal(rig: Rig) -> None:
    def fail(_message: bytes) -> bytes:
        raise ValueError("cannot")

    await rig.serve(_echo)
    channel = rig.channel()
    write: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/test.Echo/Call", request_serializer=fail
    )
    writing = await _error(write(b"x"))
    assert writing.code() is grpc.StatusCode.INTERNAL
    assert writing.details() == "Exception serializing request!"
    read: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/test.Echo/Call", None, fail
    )
    assert (await _error(read(b"x"))).details() == "Exception deserializing response!"


async def test_a_request_that_is_no_bytes_is_refused_and_none_is_empty(rig: Rig) -> None:
    await rig.serve(_echo)
    method = rig.method()
    assert await method(None, timeout=5) == b""  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes"):
        method("text")  # type: ignore[arg-type]


async def test_a_bug_in_a_broker_ends_who_waits_for_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise KeyError("bug")

    await rig.serve(_echo)
    method = rig.method()
    with monkeypatch.context() as patch:
        patch.setattr(rig.broker, "open_inbox", fail)
        for _ in range(2):
            error = await _error(method(b"x", timeout=5))
            assert error.code() is grpc.StatusCode.INTERNAL
            assert "KeyError" in (error.details() or "")
    assert await method(b"x", timeout=5) == b"x"


async def test_an_inbox_that_cannot_be_read_is_tried_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.serve(_echo)
    with monkeypatch.context() as patch:

        async def fail(*_arguments: object) -> None:
            raise BrokerError("no broker answers")

        patch.setattr(rig.broker, "open_inbox", fail)
        channel = rig.channel()
        patient = rig.method(channel)(b"x", timeout=5)
        for _ in range(2):
            hasty = await _error(rig.method(channel)(b"x", wait_for_ready=False))
            assert hasty.code() is grpc.StatusCode.UNAVAILABLE
            assert "no broker answers" in (hasty.details() or "")
        assert channel.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        assert not channel.healthy().ok
    assert await patient == b"x"


async def test_bad_metadata_is_refused_before_anything_leaves(rig: Rig) -> None:
    with pytest.raises(InvalidMetadataError):
        rig.method()(b"x", metadata=(("Bad Key", "x"),))
    assert rig.broker.records(rig.queue) == []


async def test_metadata_may_come_as_grpc_aio_metadata(rig: Rig) -> None:
    async def look(_request: bytes, context: Context) -> bytes:
        return repr(tuple(tuple(each) for each in context.invocation_metadata() or ())).encode()

    await rig.serve(look)
    metadata = grpc.aio.Metadata(("a", "1"), ("b-bin", b"\x02"))
    assert await rig.method()(b"", metadata=metadata) == b"(('a', '1'), ('b-bin', b'\\x02'))"


async def test_closing_a_channel_cancels_what_is_under_way(rig: Rig) -> None:
    await rig.serve(_sleep)
    channel = rig.channel()
    method = rig.method(channel)
    call = method(b"x")
    await asyncio.sleep(0.02)
    await channel.close()
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert _kinds(rig)[-1] == FrameKind.CANCEL.encode()
    with pytest.raises(grpc.aio.UsageError, match="closed"):
        method(b"x")
    with pytest.raises(grpc.aio.UsageError, match="closed"):
        await channel.channel_ready()
    assert not channel.healthy().ok
    await channel.close()


async def test_a_channel_that_closes_is_closed_whatever_its_brokers_do(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise BrokerError("no broker answers")

    monkeypatch.setattr(rig.broker, "open_inbox", fail)
    monkeypatch.setattr("grpc_kafka.aio._home._FIRST_RETRY", 0.005)
    channel = rig.channel()
    method = rig.method(channel)
    call = method(b"x", timeout=5)
    closing = asyncio.create_task(channel.close(0.05))
    await asyncio.sleep(0.02)
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN
    with pytest.raises(grpc.aio.UsageError):
        method(b"x")
    await closing
    assert call.cancelled()


async def test_closing_with_grace_lets_calls_finish(rig: Rig) -> None:
    async def soon(request: bytes, _context: Context) -> bytes:
        await asyncio.sleep(0.05)
        return request

    await rig.serve(soon)
    channel = rig.channel()
    call = rig.method(channel)(b"x")
    await channel.channel_ready()
    await channel.close(grace=5)
    assert await call == b"x"
    with pytest.raises(ValueError, match="grace"):
        await channel.close(grace=-1)


async def test_a_channel_tells_its_state(rig: Rig) -> None:
    async with rig.channel() as channel:
        assert channel.get_state() is grpc.ChannelConnectivity.IDLE
        assert not channel.healthy().ok
        change = asyncio.create_task(channel.wait_for_state_change(grpc.ChannelConnectivity.IDLE))
        await asyncio.sleep(0)
        await channel.channel_ready()
        await change
        assert channel.get_state() is grpc.ChannelConnectivity.READY
        assert channel.healthy().ok
    assert channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN


async def test_a_channel_whose_brokers_fall_silent_is_failing_until_they_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.serve(_echo)
    channel = rig.channel()
    method = rig.method(channel)
    await method(b"x")
    monkeypatch.setattr("grpc_kafka.aio._connection._LOOK", 0.005)
    with monkeypatch.context() as patch:
        silence = Health(ok=False, detail="no broker answers")
        patch.setattr("grpc_kafka.testing._Inbox.healthy", lambda _inbox: silence)
        await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        assert channel.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        hasty = await _error(method(b"x", wait_for_ready=False, timeout=5))
        assert hasty.code() is grpc.StatusCode.UNAVAILABLE
        assert hasty.details() == "no broker answers"
        assert await method(b"patient") == b"patient"
    await channel.channel_ready()
    assert await method(b"x", wait_for_ready=False, timeout=5) == b"x"


async def test_who_gives_up_waiting_for_a_state_is_forgotten(rig: Rig) -> None:
    channel = rig.channel()
    await channel.channel_ready()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                channel.wait_for_state_change(grpc.ChannelConnectivity.READY), 0.001
            )
    assert not channel._connection._watchers


async def test_nothing_is_kept_of_a_call_that_is_over(rig: Rig) -> None:
    await rig.serve(_echo)
    channel = rig.channel()
    method = rig.method(channel)
    await asyncio.gather(*[method(b"x") for _ in range(50)])
    assert (await _error(method(b"x", timeout=0))).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    method(b"x").cancel()
    assert channel._connection.calls == []


async def test_call_credentials_are_refused(rig: Rig) -> None:
    credentials = grpc.access_token_call_credentials("token")
    with pytest.raises(grpc.aio.UsageError, match="credentials"):
        rig.method()(b"x", credentials=credentials)
