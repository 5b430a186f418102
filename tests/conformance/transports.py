"""The two ways to carry a call that every test of this room runs on."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Executor
from enum import StrEnum
from typing import NamedTuple, Protocol, cast

import grpc
import pytest

from grpc_kafka import Endpoint
from grpc_kafka import aio as kafka
from grpc_kafka.testing import InMemoryBroker

SERVICE = "test.Conformance"

type Behaviour = Callable[..., object]
type Options = Sequence[tuple[str, object]]
type Requests = AsyncIterable[bytes] | Iterable[bytes]
type Handler = grpc.RpcMethodHandler[bytes, bytes]
type UnaryCall = grpc.aio.UnaryUnaryCall[bytes, bytes] | grpc.aio.StreamUnaryCall[bytes, bytes]
type StreamCall = grpc.aio.UnaryStreamCall[bytes, bytes] | grpc.aio.StreamStreamCall[bytes, bytes]
type Call = UnaryCall | StreamCall
type Pairs = Sequence[tuple[str, str | bytes]]
type Adding = Callable[[grpc.aio.Server], object]
type Closing = Callable[[], Awaitable[object]]

# Typed so that a message may be compared with it.
EOF: object = grpc.aio.EOF


class Context(Protocol):
    """`grpc.aio.ServicerContext` as handlers of tests see it: in what they try, it may return."""

    async def read(self) -> bytes: ...
    async def write(self, message: bytes) -> None: ...
    async def send_initial_metadata(self, initial_metadata: Pairs) -> None: ...
    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Pairs = ()
    ) -> None: ...
    async def abort_with_status(self, status: grpc.Status) -> None: ...
    def set_trailing_metadata(self, trailing_metadata: Pairs) -> None: ...
    def trailing_metadata(self) -> Pairs: ...
    def invocation_metadata(self) -> Pairs | None: ...
    def set_code(self, code: grpc.StatusCode) -> None: ...
    def code(self) -> grpc.StatusCode: ...
    def set_details(self, details: str) -> None: ...
    def details(self) -> str: ...
    def set_compression(self, compression: grpc.Compression) -> None: ...
    def disable_next_message_compression(self) -> None: ...
    def peer(self) -> str: ...
    def peer_identities(self) -> Iterable[bytes] | None: ...
    def peer_identity_key(self) -> str | None: ...
    def time_remaining(self) -> float | None: ...
    def cancelled(self) -> bool: ...
    def done(self) -> bool: ...
    def add_done_callback(self, callback: Callable[[Context], None]) -> None: ...


class Arity(StrEnum):
    UNARY_UNARY = "unary_unary"
    UNARY_STREAM = "unary_stream"
    STREAM_UNARY = "stream_unary"
    STREAM_STREAM = "stream_stream"

    @property
    def request_streaming(self) -> bool:
        return self.startswith("stream")

    @property
    def response_streaming(self) -> bool:
        return self.endswith("stream")

    @property
    def path(self) -> str:
        return f"/{SERVICE}/{self}"

    def handler(self, behaviour: Behaviour) -> Handler:
        made: Handler = getattr(grpc, f"{self}_rpc_method_handler")(behaviour)
        return made


class Ended(NamedTuple):
    """What a call came to: its answers, and its status if that was not OK."""

    messages: list[bytes]
    code: grpc.StatusCode
    details: str | None


class Transport(ABC):
    """Servers and channels that reach each other; `close` stops them, the last first."""

    name: str

    def __init__(self) -> None:
        self._closing: list[Closing] = []

    @abstractmethod
    async def _start(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        *,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Options | None = None,
        migration_thread_pool: Executor | None = None,
        compression: grpc.Compression | None = None,
        adding: Adding | None = None,
    ) -> grpc.aio.Server:
        """Start a server of these handlers."""

    async def start(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        *,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Options | None = None,
        migration_thread_pool: Executor | None = None,
        compression: grpc.Compression | None = None,
        adding: Adding | None = None,
    ) -> grpc.aio.Server:
        """Start a server of these handlers, to be stopped by `close`.

        `adding` is what generated code has for it: it adds a servicer before the start.
        """
        server = await self._start(
            handlers,
            interceptors=interceptors,
            options=options,
            migration_thread_pool=migration_thread_pool,
            compression=compression,
            adding=adding,
        )
        self._closing.append(lambda: server.stop(None))
        return server

    @abstractmethod
    def _open(
        self,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
        options: Options | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.Channel:
        """Open a channel to the server that was started last."""

    async def serve(
        self,
        behaviours: dict[Arity, Behaviour],
        *,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Options | None = None,
        migration_thread_pool: Executor | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.Server:
        """Start a server of one method an arity."""
        methods = {str(arity): arity.handler(each) for arity, each in behaviours.items()}
        return await self.start(
            [grpc.method_handlers_generic_handler(SERVICE, methods)],
            interceptors=interceptors,
            options=options,
            migration_thread_pool=migration_thread_pool,
            compression=compression,
        )

    def channel(
        self,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
        options: Options | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.Channel:
        channel = self._open(interceptors=interceptors, options=options, compression=compression)
        self._closing.append(channel.close)
        return channel

    async def unary_unary(
        self, behaviour: Behaviour
    ) -> Callable[..., grpc.aio.UnaryUnaryCall[bytes, bytes]]:
        await self.serve({Arity.UNARY_UNARY: behaviour})
        made: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel().unary_unary(
            Arity.UNARY_UNARY.path
        )
        return made

    async def unary_stream(
        self, behaviour: Behaviour
    ) -> Callable[..., grpc.aio.UnaryStreamCall[bytes, bytes]]:
        await self.serve({Arity.UNARY_STREAM: behaviour})
        made: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = self.channel().unary_stream(
            Arity.UNARY_STREAM.path
        )
        return made

    async def stream_unary(
        self, behaviour: Behaviour
    ) -> Callable[..., grpc.aio.StreamUnaryCall[bytes, bytes]]:
        await self.serve({Arity.STREAM_UNARY: behaviour})
        made: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = self.channel().stream_unary(
            Arity.STREAM_UNARY.path
        )
        return made

    async def stream_stream(
        self, behaviour: Behaviour
    ) -> Callable[..., grpc.aio.StreamStreamCall[bytes, bytes]]:
        await self.serve({Arity.STREAM_STREAM: behaviour})
        made: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self.channel().stream_stream(
            Arity.STREAM_STREAM.path
        )
        return made

    async def close(self) -> None:
        for close in reversed(self._closing):
            await close()


class DirectTransport(Transport):
    """grpc.aio as it is, on a port of the loopback."""

    name = "grpc.aio"
    _port = 0

    async def _start(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        *,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Options | None = None,
        migration_thread_pool: Executor | None = None,
        compression: grpc.Compression | None = None,
        adding: Adding | None = None,
    ) -> grpc.aio.Server:
        server = grpc.aio.server(
            migration_thread_pool,
            handlers=handlers,
            interceptors=interceptors,
            options=options,
            compression=compression,
        )
        if adding is not None:
            adding(server)
        self._port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server

    def _open(
        self,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
        options: Options | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(
            f"127.0.0.1:{self._port}",
            options=options,
            compression=compression,
            interceptors=interceptors,
        )


class KafkaTransport(Transport):
    """grpc_kafka, on a broker in memory."""

    name = "grpc_kafka"

    def __init__(self) -> None:
        super().__init__()
        self._broker = InMemoryBroker()
        self._endpoint = Endpoint("nowhere:1", "blue", "tests")

    async def _start(
        self,
        handlers: Sequence[grpc.GenericRpcHandler],
        *,
        interceptors: Sequence[grpc.aio.ServerInterceptor] | None = None,
        options: Options | None = None,
        migration_thread_pool: Executor | None = None,
        compression: grpc.Compression | None = None,
        adding: Adding | None = None,
    ) -> grpc.aio.Server:
        server = kafka.server(
            self._endpoint,
            handlers=handlers,
            interceptors=interceptors,
            options=options,
            migration_thread_pool=migration_thread_pool,
            compression=compression,
            broker=self._broker,
        )
        if adding is not None:
            adding(server)
        await server.start()
        return server

    def _open(
        self,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
        options: Options | None = None,
        compression: grpc.Compression | None = None,
    ) -> grpc.aio.Channel:
        return kafka.channel(
            self._endpoint,
            interceptors=interceptors,
            options=options,
            compression=compression,
            broker=self._broker,
        )


def begin(
    channel: grpc.aio.Channel,
    arity: Arity,
    request: bytes = b"request",
    *,
    timeout: float | None = None,
) -> Call:
    """Begin a call with one request."""
    given = [request] if arity.request_streaming else request
    method = getattr(channel, arity)(arity.path)
    return cast("Call", method(given, timeout=timeout))


async def end_of(call: Call) -> Ended:
    """Read a call to its end."""
    messages: list[bytes] = []
    async with asyncio.timeout(20):
        try:
            if isinstance(call, (grpc.aio.UnaryStreamCall, grpc.aio.StreamStreamCall)):
                async for message in call:
                    messages.append(message)  # noqa: PERF401 - those before the error count
            else:
                messages.append(await call)
        except grpc.aio.AioRpcError as error:
            if error.details() == "Internal error from Core":
                # Only grpcio says this: a write met the end of its call, and the status is lost.
                pytest.skip("grpcio lost the status of this call, a race of its own")
            return Ended(messages, error.code(), error.details())
        return Ended(messages, await call.code(), await call.details())


async def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait for something to become true; says whether it did in time."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - what it looks at tells nobody
                await asyncio.sleep(0.005)
    except TimeoutError:
        return False
    return True
