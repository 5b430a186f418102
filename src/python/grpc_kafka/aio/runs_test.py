"""A stream that a process takes a second time is another run of it, and is told apart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from grpc_kafka._counters import Counters
from grpc_kafka.aio._options import limits_of
from grpc_kafka.aio._server_stream import Desk, ServerStream
from grpc_kafka.aio.conftest import (
    HOME,
    SERVICE,
    Chat,
    chat_handler,
    chat_of,
    key,
    serve,
    settled,
)
from grpc_kafka.protocol import (
    Accept,
    Address,
    Arity,
    Cancel,
    Frame,
    Message,
    Request,
    StreamFrame,
    Trailers,
    Window,
    decode,
    encode_request,
    encode_stream,
)

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Clock, Rig

_REQUEST = Request(key(1), f"/{SERVICE}/Call", HOME, None, (), b"", Arity.STREAM_STREAM)


def frames[F: Frame](rig: Rig, kind: type[F], topic: str = HOME.topic) -> list[F]:
    """The frames of a kind that were ever written to a topic."""
    found = [decode(each.key, each.headers, each.value) for each in rig.broker.records(topic)]
    return [frame for frame in found if isinstance(frame, kind)]


async def told(rig: Rig, to: Address, frame: StreamFrame) -> None:
    """Send a process a frame, as another one would."""
    rig.broker.publish(to.topic, encode_stream(frame), partition=to.partition)
    await settled()


async def taken_twice(rig: Rig, chat: Chat) -> tuple[Address, Address]:
    """Have a server lose a stream that nobody confirmed, and take it anew; gives both homes."""
    await serve(rig, chat_handler(chat))
    rig.broker.publish(rig.queue, encode_request(_REQUEST), partition=1)
    await settled()
    await serve(rig, chat_handler(Chat()))
    await settled()
    rig.broker.members(rig.queue)[-1].vanish()
    await settled()
    first, between, last = [each.reply_to for each in frames(rig, Accept)]
    assert between.process not in (first.process, last.process)
    return first, last


async def test_each_run_of_a_stream_has_an_address_of_its_own(rig: Rig) -> None:
    first, last = await taken_twice(rig, Chat())
    assert first != last
    assert first.process == last.process
    assert [end.source for end in frames(rig, Trailers)] == [first.instance]


async def test_who_confirms_a_former_run_begins_no_later_one(rig: Rig) -> None:
    chat = Chat()
    first, last = await taken_twice(rig, chat)
    await told(rig, first, Window(key(1), first.instance, 0, 1000))
    assert chat.runs == 0
    await told(rig, last, Window(key(1), last.instance, 0, 1000))
    assert chat.runs == 1


async def test_the_end_of_a_former_run_does_not_end_the_stream(rig: Rig) -> None:
    call = chat_of(rig)(timeout=20)
    await settled()
    (request,) = frames(rig, Request, rig.queue)
    number, client = request.call_id, request.reply_to
    server = Address(HOME.topic, 2, "server")
    first, second = server.of_run(1), server.of_run(2)
    # The ACCEPT of the first run was not sent, its end is sent again and comes late.
    await told(rig, client, Accept(number, client.instance, 0, second, 1000))
    end = Trailers(number, client.instance, 1, first.instance, 14, "not begun", ())
    await told(rig, client, end)
    await told(rig, client, Message(number, client.instance, 1, b"of the second"))
    assert await call.read() == b"of the second"
    call.cancel()


async def test_a_later_run_is_told_to_let_go_when_a_former_one_is_confirmed(rig: Rig) -> None:
    call = chat_of(rig)(timeout=20)
    await settled()
    (request,) = frames(rig, Request, rig.queue)
    client, server = request.reply_to, Address(HOME.topic, 2, "server")
    for run in (1, 2):
        home = server.of_run(run)
        await told(rig, client, Accept(request.call_id, client.instance, 0, home, 1000))
    assert [frame.to for frame in frames(rig, Window)] == ["server.1"]
    assert [frame.to for frame in frames(rig, Cancel)] == ["server.2"]
    call.cancel()


async def test_the_client_of_a_later_run_is_watched_when_a_former_one_ends(
    rig: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpc_kafka.aio._peers.INTERVAL", 0.01)
    monkeypatch.setattr("grpc_kafka.aio._peers.SILENCE", 0.02)
    desk = Desk(rig.endpoint, rig.broker, Counters())
    rig.closing.append(desk.close)
    lost: list[int] = []
    streams = [
        ServerStream(
            _REQUEST,
            await desk.home(),
            desk,
            lambda run=run: lost.append(run),  # type: ignore[misc]
            limits=limits_of(None),
        )
        for run in (1, 2)
    ]
    accepting = [asyncio.create_task(stream.accept()) for stream in streams]
    await settled()
    streams[0].close()
    await clock.pass_by(0.1)
    assert lost == [2]
    for each in accepting:
        each.cancel()
