"""What Kafka makes different, as docs/differences.md has it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest

from tests.conformance.transports import Arity, Context, Transport, begin, end_of


async def _answers(_request: bytes, _context: Context) -> AsyncIterator[bytes]:
    yield b"answer"


async def test_only_a_server_on_sockets_opens_ports(transport: Transport) -> None:
    server = await transport.serve({Arity.UNARY_STREAM: _answers})
    if transport.name == "grpc.aio":
        assert server.add_insecure_port("127.0.0.1:0") > 0
        return
    with pytest.raises(grpc.aio.UsageError):
        server.add_insecure_port("127.0.0.1:0")


async def test_credentials_of_a_call_need_a_secure_channel(
    transport: Transport, arity: Arity
) -> None:
    await transport.serve({Arity.UNARY_STREAM: _answers})
    method = getattr(transport.channel(), arity)(arity.path)
    credentials = grpc.access_token_call_credentials("secret")
    given = [b""] if arity.request_streaming else b""
    with pytest.raises(grpc.aio.UsageError):
        await end_of(method(given, credentials=credentials))


async def test_a_unary_call_of_a_streaming_method(transport: Transport) -> None:
    await transport.serve({Arity.UNARY_STREAM: _answers})
    method = getattr(transport.channel(), Arity.UNARY_UNARY)(Arity.UNARY_STREAM.path)
    ended = await end_of(method(b""))
    if transport.name == "grpc.aio":
        assert ended == ([b"answer"], grpc.StatusCode.OK, "")
    else:
        assert ended.code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_call_waits_for_its_server_only_over_kafka(transport: Transport) -> None:
    server = await transport.serve({Arity.UNARY_STREAM: _answers})
    await server.stop(None)
    # What is refused is so at once, on a busy machine as well.
    timeout = 20 if transport.name == "grpc.aio" else 1
    ended = await end_of(begin(transport.channel(), Arity.UNARY_STREAM, timeout=timeout))
    expected = {
        "grpc.aio": grpc.StatusCode.UNAVAILABLE,
        "grpc_kafka": grpc.StatusCode.DEADLINE_EXCEEDED,
    }
    assert ended.code is expected[transport.name]
