"""What a stub's streaming method is: call it to begin a stream.

The call objects are grpcio's own, on this transport's channel; see `_stream_call`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import NamedTuple, cast

import grpc
from grpc.aio import _call as calls
from grpc.aio import _interceptor as intercepted

from grpc_kafka.aio._connection import Connection, deadline_after
from grpc_kafka.aio._multicallables import CallMetadata, checked_path, refuse
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._stream_call import KafkaStreamCall
from grpc_kafka.protocol import metadata_of

type Requests[Q] = AsyncIterable[Q] | Iterable[Q]


class StreamChannel:
    """What grpcio's call objects take for their channel.

    Args:
        connection: carries the calls.
        limits: sizes of messages.

    """

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits

    def call(
        self,
        method: bytes,
        deadline: float | None,
        credentials: grpc.CallCredentials | None,
        wait_for_ready: bool | None,
        _registered: int = 0,
    ) -> KafkaStreamCall:
        """Make a call; it begins when its call object has it begin.

        Raises:
            grpc.aio.UsageError: the channel is closed, or credentials were given.
            ValueError: the method is none.
        """
        self._connection.require_open()
        refuse(credentials)
        call = KafkaStreamCall(
            self._connection,
            checked_path(method.decode()),
            deadline,
            wait_for_ready=wait_for_ready is not False,
            limits=self._limits,
        )
        self._connection.expect(call)
        return call

    def hold(self, intercepted: grpc.aio.Call) -> None:
        """Let a call end with the channel although its interceptors may not have begun it yet."""
        self._connection.intercepted.add(intercepted)

    def get_registered_call_handle(self, _method: bytes) -> int:
        """None: methods are not registered with a core."""
        return 0


class Method[Q, A](NamedTuple):
    """A method of a channel.

    Attributes:
        channel: carries its calls.
        path: `/package.Service/Method`.
        serializer: makes bytes of a request; None when it is bytes.
        deserializer: makes an answer of bytes; None leaves them bytes.
        interceptors: those for its arity, the first is the outermost.
    """

    channel: StreamChannel
    path: str
    serializer: Callable[[Q], bytes] | None
    deserializer: Callable[[bytes], A] | None
    interceptors: Sequence[grpc.aio.ClientInterceptor]

    def begin(
        self,
        plain: Callable[..., object],
        through: Callable[..., object],
        given: object,
        timeout: float | None,
        metadata: CallMetadata | None,
        credentials: grpc.CallCredentials | None,
        wait_for_ready: bool | None,
    ) -> object:
        """Begin a call, by the one class, or through interceptors by the other."""
        entries = grpc.aio.Metadata(*metadata_of(metadata or ()))
        common = (
            entries,
            credentials,
            wait_for_ready,
            self.channel,
            self.path.encode(),
            self.serializer,
            self.deserializer,
            asyncio.get_running_loop(),
        )
        if self.interceptors:
            call = through(self.interceptors, given, timeout, *common)
            self.channel.hold(cast("grpc.aio.Call", call))
            return call
        return plain(given, deadline_after(timeout), *common)


class UnaryStream[Q, A](grpc.aio.UnaryStreamMultiCallable[Q, A]):
    """Begins calls of a method whose answers stream."""

    def __init__(self, method: Method[Q, A]) -> None:
        self._method = method

    def __call__(
        self,
        request: Q,
        *,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> grpc.aio.UnaryStreamCall[Q, A]:
        """Begin a call.

        Raises:
            grpc.aio.UsageError: the channel is closed, or credentials were given.
            InvalidMetadataError: metadata that gRPC does not allow.
        """
        call = self._method.begin(
            calls.UnaryStreamCall,
            intercepted.InterceptedUnaryStreamCall,
            request,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
        )
        return cast("grpc.aio.UnaryStreamCall[Q, A]", call)


class StreamUnary[Q, A](grpc.aio.StreamUnaryMultiCallable[Q, A]):
    """Begins calls of a method whose requests stream."""

    def __init__(self, method: Method[Q, A]) -> None:
        self._method = method

    def __call__(
        self,
        request_iterator: Requests[Q] | None = None,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> grpc.aio.StreamUnaryCall[Q, A]:
        """Begin a call; see `UnaryStream`."""
        call = self._method.begin(
            calls.StreamUnaryCall,
            intercepted.InterceptedStreamUnaryCall,
            request_iterator,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
        )
        return cast("grpc.aio.StreamUnaryCall[Q, A]", call)


class StreamStream[Q, A](grpc.aio.StreamStreamMultiCallable[Q, A]):
    """Begins calls of a method whose requests and answers stream."""

    def __init__(self, method: Method[Q, A]) -> None:
        self._method = method

    def __call__(
        self,
        request_iterator: Requests[Q] | None = None,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> grpc.aio.StreamStreamCall[Q, A]:
        """Begin a call; see `UnaryStream`."""
        call = self._method.begin(
            calls.StreamStreamCall,
            intercepted.InterceptedStreamStreamCall,
            request_iterator,
            timeout,
            metadata,
            credentials,
            wait_for_ready,
        )
        return cast("grpc.aio.StreamStreamCall[Q, A]", call)
