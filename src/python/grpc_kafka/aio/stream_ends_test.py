"""Ends of calls reach the other side, also when the brokers did not take them at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import BrokerError, Endpoint
from grpc_kafka.aio import _insisting
from grpc_kafka.aio.conftest import (
    SERVICE,
    Chat,
    Gate,
    chat_handler,
    chat_of,
    serve,
    settled,
    until,
)
from grpc_kafka.protocol import Cancel, Encoded, encode_cancel

if TYPE_CHECKING:
    from grpc_kafka._broker import Report
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Stream = grpc.aio.StreamStreamCall[bytes, bytes]

_SERVERS = "blue.tests.inbox"
_CLIENTS = "blue.other.inbox"


async def begin(rig: Rig, chat: Chat) -> Stream:
    """A stream under way, between inboxes that can fail apart."""
    await serve(rig, chat_handler(chat))
    channel = rig.channel(endpoint=Endpoint("nowhere:1", "blue", "other"))
    call: Stream = channel.stream_stream(f"/{SERVICE}/Call")(timeout=20)
    await call.write(b"1")
    assert await call.read() == b"1"
    return call


async def test_the_status_of_a_stream_is_sent_again(rig: Rig) -> None:
    call = await begin(rig, Chat())
    rig.broker.fail_sends(BrokerError("away"), topic=_CLIENTS)
    await call.done_writing()
    await settled()
    rig.broker.fail_sends(None, topic=_CLIENTS)
    async with asyncio.timeout(20):
        assert await call.code() is grpc.StatusCode.OK


async def test_the_cancellation_of_a_stream_is_sent_again(rig: Rig) -> None:
    chat = Chat()
    call = await begin(rig, chat)
    rig.broker.fail_sends(BrokerError("away"), topic=_SERVERS)
    call.cancel()
    await settled()
    assert chat.cancelled == 0
    rig.broker.fail_sends(None, topic=_SERVERS)
    await until(lambda: chat.cancelled)
    assert chat.cancelled == 1


async def test_a_stream_that_broke_on_its_clients_side_ends_on_its_servers_too(rig: Rig) -> None:
    chat = Chat()
    call = await begin(rig, chat)
    rig.broker.fail_sends(BrokerError("away"), topic=_SERVERS)
    await call.write(b"2")
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    rig.broker.fail_sends(None, topic=_SERVERS)
    await until(lambda: chat.cancelled)
    assert chat.cancelled == 1


async def test_the_cancellation_of_a_request_is_sent_again(rig: Rig) -> None:
    gate = Gate()
    await rig.serve(gate)
    call = rig.method()(b"x")
    await settled()
    rig.broker.fail_sends(BrokerError("away"), topic=rig.queue)
    call.cancel()
    await settled()
    rig.broker.fail_sends(None, topic=rig.queue)
    await until(lambda: gate.cancelled)
    assert gate.cancelled == [b"x"]


async def test_a_status_too_large_to_be_sent_ends_its_stream_all_the_same(rig: Rig) -> None:
    async def talk(_requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        context.set_trailing_metadata([("large", "x" * 2_000_000)])
        yield b"1"

    await serve(rig, grpc.stream_stream_rpc_method_handler(talk))
    call = chat_of(rig)(timeout=20)
    assert await call.read() == b"1"
    assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_an_end_is_given_up_after_some_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_insisting, "_LAST_PAUSE", 0.001)
    sent: list[Encoded] = []
    given_up: list[str] = []

    def send(report: Report) -> None:
        sent.append(encode_cancel(Cancel(bytes(16))))
        report(BrokerError("away"))

    _insisting.insist(send, lambda error: given_up.append(error.reason), pause=0.001)
    await until(lambda: given_up)
    assert (len(sent), given_up) == (_insisting.TRIES, ["away"])


@pytest.mark.parametrize("kind", _insisting.HOPELESS)
async def test_an_end_that_no_time_will_help_is_given_up_at_once(kind: type[BrokerError]) -> None:
    given_up: list[BrokerError] = []
    _insisting.insist(lambda report: report(kind("never")), given_up.append)
    assert [type(error) for error in given_up] == [kind]
