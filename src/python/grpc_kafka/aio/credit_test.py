"""Streams are as fast as their readers, and no faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from grpc_kafka.aio.conftest import SERVICE, Chat, chat_handler, chat_of, serve, settled, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]

_INBOX = "blue.tests.inbox"
_ID = bytes(16)


async def test_a_writer_waits_for_who_does_not_read(rig: Rig) -> None:
    chat = Chat()
    chat.go_on.clear()
    await serve(rig, chat_handler(chat))
    written = 0

    async def requests() -> AsyncIterator[bytes]:
        nonlocal written
        for _ in range(100):
            yield bytes(20_000)
            written += 1

    call = chat_of(rig)(requests(), timeout=20)
    await until(lambda: written > 10)
    await settled()
    assert written < 20
    chat.go_on.set()
    assert len([each async for each in call]) == 100
    assert written == 100


async def test_a_server_waits_for_a_client_that_does_not_read(rig: Rig) -> None:
    written = 0

    async def pour(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
        nonlocal written
        for _ in range(100):
            yield bytes(20_000)
            written += 1

    await serve(rig, grpc.unary_stream_rpc_method_handler(pour))
    method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = rig.channel().unary_stream(
        f"/{SERVICE}/Call"
    )
    call = method(b"x", timeout=20)
    assert await call.read() == bytes(20_000)
    await until(lambda: written > 10)
    await settled()
    assert written < 20
    received = 1
    while await call.read() is not grpc.aio.EOF:
        received += 1
    assert (received, written) == (100, 100)


async def test_a_message_larger_than_record_and_window_passes(rig: Rig) -> None:
    chat = Chat()
    await serve(rig, chat_handler(chat))
    call = chat_of(rig)(timeout=20)
    for size in (0, 1, 3_000_000, 0):
        await call.write(bytes(size))
        assert await call.read() == bytes(size)
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK
