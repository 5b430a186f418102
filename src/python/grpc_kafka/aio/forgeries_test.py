"""Frames that no honest process sends harm nobody but the call they are of."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka.aio.conftest import (
    SERVICE,
    Chat,
    Gate,
    chat_handler,
    chat_of,
    echo,
    serve,
    settled,
)
from grpc_kafka.protocol import (
    Accept,
    Address,
    Arity,
    Encoded,
    Frame,
    HalfClose,
    InitialMetadata,
    MalformedRecordError,
    Message,
    Part,
    Ping,
    Request,
    Response,
    Responses,
    StreamFrame,
    Trailers,
    Window,
    cost_of,
    decode,
    encode_part,
    encode_ping,
    encode_request,
    encode_response,
    encode_responses,
    encode_stream,
    key_of,
)

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Context, Rig

_INBOX = "blue.tests.inbox"
_ID = bytes(16)
_ME = Address(_INBOX, 3, "me")
_WINDOW = 256 * 1024


def _frames(rig: Rig, topic: str = _INBOX) -> list[Frame]:
    found = []
    for each in rig.broker.records(topic):
        with suppress(MalformedRecordError):
            found.append(decode(each.key, each.headers, each.value))
    return found


def _publish(rig: Rig, to: Address, record: Encoded, times: int = 1) -> None:
    for _ in range(times):
        rig.broker.publish(to.topic, record, partition=to.partition)


def _trailers(rig: Rig) -> Trailers:
    """How a server ended the one stream."""
    (found,) = [frame for frame in _frames(rig) if isinstance(frame, Trailers)]
    return found


def _request(rig: Rig) -> Request:
    """The one request that was sent."""
    (found,) = [frame for frame in _frames(rig, rig.queue) if isinstance(frame, Request)]
    return found


async def _talking(rig: Rig) -> grpc.aio.StreamStreamCall[bytes, bytes]:
    """A stream of an honest client, after its first answer."""
    await serve(rig, chat_handler(Chat()))
    call = chat_of(rig)(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    return call


async def _accepted(rig: Rig) -> Address:
    """Begin a stream as a client that keeps to no rule; gives where its server hears."""
    request = Request(_ID, f"/{SERVICE}/Call", _ME, None, (), b"", Arity.STREAM_STREAM)
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    (accept,) = [frame for frame in _frames(rig) if isinstance(frame, Accept)]
    return accept.reply_to


async def _confirmed(rig: Rig) -> Address:
    home = await _accepted(rig)
    _publish(rig, home, encode_stream(Window(_ID, home.instance, 0, 1000)))
    await settled()
    return home


async def test_a_client_that_sends_past_its_credit_is_ended_and_fills_no_memory(rig: Rig) -> None:
    chat = Chat()
    chat.go_on.clear()
    await serve(rig, chat_handler(chat))
    home = await _confirmed(rig)
    message = bytes(10_000)
    for number in range(1, 101):
        _publish(rig, home, encode_stream(Message(_ID, home.instance, number, message)))
        await settled()
    trailers = _trailers(rig)
    assert trailers.status == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert "more messages than it had credit for" in trailers.details
    assert trailers.sequence == 1
    assert chat.cancelled == 1


@pytest.mark.parametrize("size", [0, 1])
async def test_messages_that_share_a_record_are_counted_one_by_one(rig: Rig, size: int) -> None:
    chat = Chat()
    chat.go_on.clear()
    await serve(rig, chat_handler(chat))
    home = await _confirmed(rig)
    count = 2 * _WINDOW // cost_of(bytes(size))
    shared = Message(_ID, home.instance, 1, bytes(size * count), sizes=(size,) * count)
    _publish(rig, home, encode_stream(shared))
    await settled()
    assert _trailers(rig).status == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


async def test_a_server_that_sends_past_its_credit_is_ended(rig: Rig) -> None:
    call = chat_of(rig)(timeout=20)
    await settled()
    request = _request(rig)
    to, key = request.reply_to, request.call_id
    _publish(rig, to, encode_stream(Accept(key, to.instance, 0, _ME, 1000)))
    for number in range(1, 101):
        _publish(rig, to, encode_stream(Message(key, to.instance, number, bytes(10_000))))
    await settled()
    assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "more messages than it had credit for" in await call.details()


@pytest.mark.parametrize("times", [1, 3])
async def test_credit_past_all_bounds_ends_a_stream(rig: Rig, times: int) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    home = await _confirmed(rig)
    for number in range(1, times + 1):
        window = Window(_ID, home.instance, number, (2**63 - 1) // times // 2**20)
        _publish(rig, home, encode_stream(window))
    await settled()
    trailers = _trailers(rig)
    assert trailers.status == grpc.StatusCode.INTERNAL.value[0]
    assert "more credit than there can be" in trailers.details


async def test_an_accept_with_credit_past_all_bounds_ends_the_stream(rig: Rig) -> None:
    call = chat_of(rig)(timeout=20)
    await settled()
    request = _request(rig)
    to = request.reply_to
    accept = Accept(request.call_id, to.instance, 0, _ME, 2**62)
    _publish(rig, to, encode_stream(accept))
    await settled()
    assert await call.code() is grpc.StatusCode.INTERNAL
    assert rig.broker.records(_INBOX)[-1].headers == [
        *[(":version", b"1"), (":frame", b"CANCEL"), (":to", b"me")],
    ]


async def test_credit_of_more_than_63_bits_is_no_frame(rig: Rig) -> None:
    chat = Chat()
    made = await serve(rig, chat_handler(chat))
    home = await _confirmed(rig)
    record = encode_stream(Window(_ID, home.instance, 1, 2**63))
    _publish(rig, home, record)
    await settled()
    assert made.counters.malformed == 1
    _publish(rig, home, encode_stream(HalfClose(_ID, home.instance, 1)))
    await settled()
    assert _trailers(rig).status == 0


async def test_a_giant_number_ends_its_stream_and_no_other(rig: Rig) -> None:
    honest = await _talking(rig)
    home = await _accepted_beside(rig)
    _publish(rig, home, encode_stream(Message(_ID, home.instance, 2**63 - 1, b"x")))
    await settled()
    assert _trailers(rig).status == grpc.StatusCode.UNAVAILABLE.value[0]
    await honest.write(b"2")
    assert await honest.read() == b"2"
    honest.cancel()


async def _accepted_beside(rig: Rig) -> Address:
    request = Request(_ID, f"/{SERVICE}/Call", _ME, None, (), b"", Arity.STREAM_STREAM)
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    accepts = [frame for frame in _frames(rig) if isinstance(frame, Accept)]
    return next(each.reply_to for each in accepts if each.call_id == _ID)


async def test_frames_of_streams_for_a_unary_call_are_counted_and_change_nothing(
    rig: Rig,
) -> None:
    gate = Gate()
    await rig.serve(gate)
    channel = rig.channel()
    call = rig.method(channel)(b"x", timeout=20)
    await settled()
    request = _request(rig)
    to, key = request.reply_to, request.call_id
    forged: list[StreamFrame] = [
        Accept(key, to.instance, 0, _ME, 1000),
        InitialMetadata(key, to.instance, 1, ()),
        Message(key, to.instance, 2, b"forged"),
        Window(key, to.instance, 3, 1000),
        Trailers(key, to.instance, 4, "me", 0, "", ()),
    ]
    for frame in forged:
        _publish(rig, to, encode_stream(frame))
    await settled()
    assert channel._connection.counters.unexpected == len(forged)
    gate.open.set()
    assert await call == b"x"


async def test_an_answer_under_another_instance_or_of_another_version_is_nobody_s(
    rig: Rig,
) -> None:
    gate = Gate()
    await rig.serve(gate)
    channel = rig.channel()
    call = rig.method(channel)(b"x", timeout=20)
    await settled()
    request = _request(rig)
    forged = Response(request.call_id, "another", (), 0, "", (), b"forged")
    _publish(rig, request.reply_to, encode_response(forged))
    right = encode_response(forged._replace(to=request.reply_to.instance))
    for version in (b"0", b"2", b""):
        headers = [(":version", version), *right.headers[1:]]
        _publish(rig, request.reply_to, Encoded(right.key, headers, right.value))
    await settled()
    counters = channel._connection.counters
    assert (counters.unexpected, counters.malformed) == (1, 3)
    gate.open.set()
    assert await call == b"x"


@pytest.mark.parametrize("topic", ["green.tests.inbox", "blue.test.Echo", "blue.inbox.x"])
async def test_nothing_is_written_to_what_is_no_inbox_of_the_lane(rig: Rig, topic: str) -> None:
    made = await rig.serve(echo)
    request = Request(_ID, f"/{SERVICE}/Call", Address(topic, 0, "me"), None, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    before = len(rig.broker.records(topic))
    await settled()
    assert made.counters.unexpected == 1
    assert len(rig.broker.records(topic)) == before


async def test_an_answer_to_a_partition_that_does_not_exist_is_given_up_and_counted(
    rig: Rig,
) -> None:
    made = await rig.serve(echo)
    nowhere = Address(_INBOX, 2**31 - 1, "me")
    request = Request(_ID, f"/{SERVICE}/Call", nowhere, None, (), b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    await settled()
    assert made.counters.unsent == 1
    assert await rig.method()(b"x", timeout=20) == b"x"


async def test_parts_from_many_sources_take_the_memory_of_a_few(rig: Rig) -> None:
    call = rig.method()(b"x", timeout=20)
    await settled()
    request = _request(rig)
    to, key = request.reply_to, request.call_id
    for number in range(200):
        _publish(rig, to, encode_part(Part(key, f"source{number}", 0, bytes(1000))))
    _publish(rig, to, encode_part(Part(key, "right", 0, b"an answer ")))
    last = Response(key, to.instance, (), 0, "", (), b"in parts", 1, "right")
    await settled()
    assert len(call._parts) == 4  # type: ignore[attr-defined]
    _publish(rig, to, encode_response(last))
    assert await call == b"an answer in parts"


async def test_a_flood_of_pings_is_heard_and_forgotten(rig: Rig) -> None:
    call = await _talking(rig)
    for home in [each.reply_to for each in _frames(rig) if isinstance(each, Accept)]:
        key = key_of(home.instance)
        for number in range(2000):
            ping = Ping(key, home.instance, Address("green.x.inbox", 0, f"stranger{number}"))
            _publish(rig, home, encode_ping(ping))
    await call.write(b"2")
    assert await call.read() == b"2"
    assert rig.broker.records("green.x.inbox") == []
    call.cancel()


async def test_a_request_with_thousands_of_headers_is_served_like_any_other(rig: Rig) -> None:
    seen = 0

    async def count(request: bytes, context: Context) -> bytes:
        nonlocal seen
        seen = len(context.invocation_metadata() or ())
        return request

    await rig.serve(count)
    metadata = tuple((f"k{number}", "v") for number in range(10_000))
    request = Request(_ID, f"/{SERVICE}/Call", _ME, None, metadata, b"x")
    rig.broker.publish(rig.queue, encode_request(request))
    assert await rig.method()(b"x", timeout=20) == b"x"
    assert seen in (0, 10_000)


async def test_parts_without_bytes_end_their_stream(rig: Rig) -> None:
    chat = Chat()
    made = await serve(rig, chat_handler(chat))
    home = await _confirmed(rig)
    empty = encode_stream(Message(_ID, home.instance, 1, b"", more=True))
    _publish(rig, home, empty, times=100)
    await settled()
    assert made.counters.malformed == 100
    _publish(rig, home, encode_stream(Message(_ID, home.instance, 2, b"x")))
    await settled()
    assert _trailers(rig).status == grpc.StatusCode.UNAVAILABLE.value[0]


async def test_answers_that_share_a_record_end_the_calls_that_they_name_and_no_other(
    rig: Rig,
) -> None:
    channel = rig.channel()
    method = rig.method(channel)
    calls = [method(b"%d" % number, timeout=20) for number in range(3)]
    await settled()
    requests = [each for each in _frames(rig, rig.queue) if isinstance(each, Request)]
    ids = {int(request.message): request.call_id for request in requests}
    to = requests[0].reply_to
    shared = ((ids[0], b"first"), (_ID, b"nobody's"), (ids[2], b"third"), (ids[0], b"again"))
    _publish(rig, to, encode_responses(Responses(key_of(to.instance), to.instance, shared)))
    await settled()
    assert [call.done() for call in calls] == [True, False, True]
    assert [await calls[0], await calls[2]] == [b"first", b"third"]
    calls[1].cancel()


@pytest.mark.parametrize("to", ["another", "5f2c9e0a11d07b34"])
async def test_answers_for_another_process_end_no_call_here(rig: Rig, to: str) -> None:
    channel = rig.channel()
    call = rig.method(channel)(b"x", timeout=20)
    await settled()
    request = _request(rig)
    home = request.reply_to
    forged = Responses(key_of(home.instance), to, ((request.call_id, b"forged"),))
    _publish(rig, home, encode_responses(forged))
    _publish(rig, home, encode_responses(forged._replace(call_id=key_of(to))))
    await settled()
    assert not call.done()
    assert channel.counters.unexpected == 1
    call.cancel()


async def test_a_stream_is_not_ended_by_answers_that_share_a_record(rig: Rig) -> None:
    call = await _talking(rig)
    request = _request(rig)
    home = request.reply_to
    forged = Responses(key_of(home.instance), home.instance, ((request.call_id, b"an end"),))
    _publish(rig, home, encode_responses(forged))
    await call.write(b"2")
    assert await call.read() == b"2"
    call.cancel()
