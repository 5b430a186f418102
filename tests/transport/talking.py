"""A service that talks, for the suites of streams."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import grpc

from tests.transport.conftest import SERVICE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from grpc_kafka.aio import KafkaChannel
    from tests.transport.conftest import Handler

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]
type Behaviour = Callable[..., object]
type Streaming = grpc.aio.StreamStreamMultiCallable[bytes, bytes]
type Stream = grpc.aio.StreamStreamCall[bytes, bytes]

PATH = f"/{SERVICE}/Call"
"""The one method."""

WINDOW = 256 * 1024
"""Bytes that each end lets the other one send ahead."""

_END = b"end"


class Talk:
    """A handler that echoes until `end`, and notes which streams began, ended or were cancelled."""

    def __init__(self) -> None:
        self.begun: Counter[bytes] = Counter()
        self.ended: list[bytes] = []
        self.cancelled: list[bytes] = []

    async def __call__(self, requests: Requests, _context: Context) -> AsyncIterator[bytes]:
        name = await anext(requests)
        self.begun[name] += 1
        yield name
        try:
            async for request in requests:
                if request == _END:
                    break
                yield request
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        self.ended.append(name)


def both_method(behaviour: Behaviour) -> Handler:
    """A method whose requests and answers stream."""
    handler: Handler = grpc.stream_stream_rpc_method_handler(behaviour)
    return handler


def answers_method(behaviour: Behaviour) -> Handler:
    """A method whose answers stream."""
    handler: Handler = grpc.unary_stream_rpc_method_handler(behaviour)
    return handler


def method_of(channel: KafkaChannel, path: str = PATH) -> Streaming:
    """The method, from a client's side."""
    method: Streaming = channel.stream_stream(path)
    return method


def answers_of(channel: KafkaChannel) -> grpc.aio.UnaryStreamMultiCallable[bytes, bytes]:
    """The method whose answers stream, from a client's side."""
    method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(PATH)
    return method


async def open_talk(method: Streaming, name: bytes, seconds: float = 60) -> Stream:
    """Begin a stream of `Talk`, and see that its handler runs."""
    call = method(timeout=seconds)
    await call.write(name)
    assert await call.read() == name
    return call


async def say(call: Stream, message: bytes) -> None:
    """Say something, and hear it back."""
    await call.write(message)
    assert await call.read() == message


async def end_of(call: Stream) -> grpc.StatusCode:
    """How a stream of `Talk` ends that is ended."""
    await call.write(_END)
    assert await call.read() is grpc.aio.EOF
    return await call.code()
