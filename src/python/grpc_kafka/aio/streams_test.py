"""What streams promise beside what `grpc.aio` does: credit, one server, signs of life."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError, UnknownTopicError
from grpc_kafka.aio.conftest import SERVICE, Chat, chat_handler, chat_of, serve, settled, until
from grpc_kafka.protocol import (
    Accept,
    Address,
    Arity,
    Cancel,
    Encoded,
    Frame,
    Message,
    Request,
    Response,
    Trailers,
    Window,
    decode,
    encode_request,
    encode_stream,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]

_INBOX = "blue.tests.inbox"
_ID = bytes(16)


def frames(rig: Rig, topic: str = _INBOX) -> list[Frame]:
    """Everything that a topic got."""
    return [decode(each.key, each.headers, each.value) for each in rig.broker.records(topic)]


def committed(rig: Rig) -> int:
    """How many records of the queue are done with."""
    return sum(rig.broker.committed(rig.queue).values())


async def test_a_handler_that_is_cancelled_between_two_answers_cleans_up_at_once(rig: Rig) -> None:
    cleaned = False

    async def pour(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        nonlocal cleaned
        try:
            while True:
                yield bytes(100_000)
        finally:
            cleaned = True

    await serve(rig, grpc.unary_stream_rpc_method_handler(pour))
    method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = rig.channel().unary_stream(
        f"/{SERVICE}/Call"
    )
    call = method(b"x", timeout=20)
    assert await call.read() == bytes(100_000)
    call.cancel()
    await settled()
    assert cleaned


async def test_a_stream_is_committed_once_its_client_confirmed_it(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    assert committed(rig) == 1
    call.cancel()
    await settled()
    assert chat.cancelled == 1


async def test_a_stream_whose_server_vanished_is_not_run_by_another(rig: Rig) -> None:
    first, second = Chat(), Chat()
    await serve(rig, chat_handler(first))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    request = rig.broker.records(rig.queue)[0]
    (member,) = rig.broker.members(rig.queue)
    member.vanish()
    await serve(rig, chat_handler(second))
    # As after a crash whose commit did not arrive.
    headers = [(name, value or b"") for name, value in request.headers or ()]
    rig.broker.publish(rig.queue, Encoded(request.key or b"", headers, request.value))
    await settled()
    assert second.runs == 0
    assert [frame.to for frame in frames(rig) if isinstance(frame, Cancel)] != []
    assert committed(rig) == 2
    await call.write(b"2")
    assert await call.read() == b"2"
    call.cancel()


async def test_a_server_that_was_not_confirmed_cannot_end_the_stream(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    (request,) = [frame for frame in frames(rig, rig.queue) if isinstance(frame, Request)]
    home = request.reply_to
    gives_up = Trailers(request.call_id, home.instance, 1, "another", 14, "it stops", ())
    rig.broker.publish(_INBOX, encode_stream(gives_up), partition=home.partition)
    assert await call.read() == b"1"
    await call.write(b"2")
    assert await call.read() == b"2"
    call.cancel()


def begin(rig: Rig, reply_to: Address, arity: Arity = Arity.STREAM_STREAM) -> None:
    """Publish a REQUEST as a client would that is not here."""
    deadline = time.time() + 20
    request = Request(_ID, f"/{SERVICE}/Call", reply_to, deadline, (), b"", arity)
    rig.broker.publish(rig.queue, encode_request(request))


async def test_a_client_that_falls_silent_is_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.02)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.1)
    chat = Chat()
    await serve(rig, chat_handler(chat))
    begin(rig, Address(_INBOX, 3, "dead"))
    await settled()
    (accept,) = [frame for frame in frames(rig) if isinstance(frame, Accept)]
    home = accept.reply_to
    confirm = Window(_ID, home.instance, 0, 1000)
    rig.broker.publish(home.topic, encode_stream(confirm), partition=home.partition)
    await settled()
    assert (chat.runs, chat.cancelled, committed(rig)) == (1, 0, 1)
    await until(lambda: chat.cancelled)
    assert chat.cancelled == 1
    # It may live after all; nobody has cancelled its call.
    (trailers,) = [frame for frame in frames(rig) if isinstance(frame, Trailers)]
    assert trailers.status == grpc.StatusCode.UNAVAILABLE.value[0]


async def test_a_stream_that_nobody_confirms_is_dropped(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.02)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.1)
    chat = Chat()
    await serve(rig, chat_handler(chat))
    begin(rig, Address(_INBOX, 3, "dead"))
    await settled()
    assert committed(rig) == 0
    await until(lambda: committed(rig))
    assert (chat.runs, committed(rig)) == (0, 1)
    # Whatever its client has heard by then, it believes one of them.
    ends = [frame for frame in frames(rig) if isinstance(frame, (Trailers, Response))]
    assert {type(end) for end in ends} == {Trailers, Response}
    assert {(end.status, end.details) for end in ends} == {(14, "the stream was not begun")}


async def test_a_server_that_falls_silent_ends_its_streams(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.02)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.1)
    call = chat_of(rig)(timeout=20)
    await settled()
    (request,) = [frame for frame in frames(rig, rig.queue) if isinstance(frame, Request)]
    accept = Accept(request.call_id, request.reply_to.instance, 0, Address(_INBOX, 2, "dead"), 1000)
    rig.broker.publish(_INBOX, encode_stream(accept), partition=request.reply_to.partition)
    await call.write(b"1")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    # Sooner than its deadline.
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_processes_with_streams_tell_each_other_that_they_live(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.02)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.15)
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    await asyncio.sleep(0.5)
    await call.write(b"2")
    assert await call.read() == b"2"
    call.cancel()


async def test_a_frame_that_is_missing_ends_the_stream(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    begin(rig, Address(_INBOX, 3, "other"))
    await settled()
    (accept,) = [frame for frame in frames(rig) if isinstance(frame, Accept)]
    home = accept.reply_to
    lost = Message(_ID, home.instance, 7, b"the eighth")
    rig.broker.publish(home.topic, encode_stream(lost), partition=home.partition)
    await settled()
    (trailers,) = [frame for frame in frames(rig) if isinstance(frame, Trailers)]
    assert trailers.status == grpc.StatusCode.UNAVAILABLE.value[0]
    assert "was lost" in trailers.details


async def test_a_frame_that_cannot_be_sent_ends_its_stream(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    rig.broker.fail_sends(BrokerError("away"))
    await call.write(b"2")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    rig.broker.fail_sends(None)


async def test_a_client_hears_of_a_stream_that_could_not_be_accepted(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    rig.broker.fail_sends(BrokerError("away"), topic=_INBOX)
    call = chat_of(rig)(timeout=20)
    await settled()
    rig.broker.fail_sends(None, topic=_INBOX)
    assert committed(rig) == 0
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert "away" in (await call.details() or "")
    await settled()
    assert (chat.runs, committed(rig)) == (0, 1)


async def test_a_server_that_stops_ends_its_streams_as_unavailable(rig: Rig) -> None:
    chat = Chat()
    made = await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    await made.stop(None)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert chat.cancelled == 1


async def test_a_stream_under_way_outlives_the_partition_of_its_request(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    await serve(rig, chat_handler(Chat()))
    await serve(rig, chat_handler(Chat()))
    await settled()
    await call.write(b"2")
    assert await call.read() == b"2"
    assert (chat.runs, chat.cancelled) == (1, 0)
    call.cancel()


async def test_a_server_of_another_lane_cannot_take_a_stream(rig: Rig) -> None:
    channel = rig.channel()
    method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
        f"/{SERVICE}/Call"
    )
    call = method(timeout=20)
    await settled()
    (request,) = [frame for frame in frames(rig, rig.queue) if isinstance(frame, Request)]
    accept = Accept(
        request.call_id, request.reply_to.instance, 0, Address("green.x.inbox", 2, "foreign"), 1
    )
    rig.broker.publish(_INBOX, encode_stream(accept), partition=request.reply_to.partition)
    await settled()
    assert channel.counters.unexpected == 1
    assert rig.broker.records("green.x.inbox") == []
    call.cancel()


async def test_nothing_is_kept_of_a_stream_that_is_over(rig: Rig) -> None:
    chat = Chat()
    made = await serve(rig, chat_handler(chat))
    channel = rig.channel()
    method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
        f"/{SERVICE}/Call"
    )
    for _ in range(5):
        call = method(iter([b"1", b"2"]), timeout=20)
        assert [each async for each in call] == [b"1", b"2"]
    await settled()
    assert channel._connection.calls == []
    assert not channel._connection.peers._peers
    assert made._desk is not None
    assert not made._desk._streams
    assert not made._desk.peers._peers


async def test_a_loop_that_stood_still_takes_nobody_for_dead(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.02)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.1)
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    time.sleep(0.3)  # noqa: ASYNC251 - as a loop does that is kept busy
    await asyncio.sleep(0.05)
    await call.write(b"2")
    assert await call.read() == b"2"
    call.cancel()


async def test_an_end_that_the_brokers_refuse_is_counted(rig: Rig) -> None:
    chat = Chat()
    made = await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    rig.broker.fail_sends(UnknownTopicError("it is gone"), topic=_INBOX)
    chat.go_on.clear()
    begin(rig, Address(_INBOX, 3, "other"))
    await settled()
    # The end of the stream, and the word to a client whose stream could not be accepted.
    assert made.counters.unsent == 2
    rig.broker.fail_sends(None, topic=_INBOX)
    call.cancel()
