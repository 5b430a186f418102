"""`grpc.aio.Channel` over Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import grpc

from grpc_kafka._broker import Broker
from grpc_kafka._counters import Counters
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka.aio._connection import Connection, InFlight
from grpc_kafka.aio._multicallables import UnaryUnary, checked_path
from grpc_kafka.aio._options import Options, limits_of
from grpc_kafka.aio._stream_callables import (
    Method,
    StreamChannel,
    StreamStream,
    StreamUnary,
    UnaryStream,
)

type Serializer[M] = Callable[[M], bytes] | None
type Deserializer[M] = Callable[[bytes], M] | None


class KafkaChannel(grpc.aio.Channel):
    """Carries calls to the services of a lane; made by `grpc_kafka.aio.channel`."""

    def __init__(
        self,
        endpoint: Endpoint,
        broker: Broker,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor],
        options: Options | None,
    ) -> None:
        self._connection = Connection(endpoint, broker)
        self._limits = limits_of(options)
        for interceptor in interceptors:
            if not isinstance(interceptor, grpc.aio.ClientInterceptor):
                raise ValueError(f"{interceptor!r} is no grpc.aio.ClientInterceptor")  # noqa: TRY004
        self._interceptors = tuple(interceptors)
        self._streams = StreamChannel(self._connection, self._limits)

    @property
    def counters(self) -> Counters:
        """What it dropped since it began, by reason."""
        return self._connection.counters

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return len(self._connection.calls)

    def healthy(self) -> Health:
        """Whether a call would be carried now: cheap, without I/O."""
        return self._connection.healthy()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self, grace: float | None = None) -> None:
        """Begin no more calls, wait at most `grace` seconds for those under way, cancel the rest.

        Raises:
            ValueError: a negative grace.
        """
        if grace is not None and grace < 0:
            raise ValueError(f"grace must be non-negative, got {grace}.")
        if self._connection.state is not grpc.ChannelConnectivity.SHUTDOWN:
            self._connection.refuse_more()
            if grace:
                await _ended(self._connection.calls, grace)
        for call in list(self._connection.intercepted):
            call.cancel()
        await self._connection.close()

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """IDLE until the first call, READY while the inbox stands; as it was before connecting."""
        state = self._connection.state
        if try_to_connect:
            self._connection.open()
        return state

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state is another than the given one.

        Raises:
            grpc.aio.UsageError: the channel is closed, and has no other state any more.
        """
        self._connection.require_open()
        while self._connection.state is last_observed_state:
            await self._connection.changed()

    async def channel_ready(self) -> None:
        """Wait until the inbox is assigned and positioned.

        Raises:
            grpc.aio.UsageError: the channel is closed.
        """
        state = self.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.READY:
            await self.wait_for_state_change(state)
            state = self.get_state()

    def unary_unary[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.aio.UnaryUnaryMultiCallable[Q, A]:
        """A unary method, to be called."""
        return UnaryUnary(
            self._connection,
            method,
            request_serializer,
            response_deserializer,
            limits=self._limits,
            interceptors=[
                each
                for each in self._interceptors
                if isinstance(each, grpc.aio.UnaryUnaryClientInterceptor)
            ],
        )

    def unary_stream[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.aio.UnaryStreamMultiCallable[Q, A]:
        """A method whose answers stream, to be called."""
        interceptors = self._of_kind(grpc.aio.UnaryStreamClientInterceptor)
        return UnaryStream(
            self._method(method, request_serializer, response_deserializer, interceptors)
        )

    def stream_unary[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.aio.StreamUnaryMultiCallable[Q, A]:
        """A method whose requests stream, to be called."""
        interceptors = self._of_kind(grpc.aio.StreamUnaryClientInterceptor)
        return StreamUnary(
            self._method(method, request_serializer, response_deserializer, interceptors)
        )

    def stream_stream[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.aio.StreamStreamMultiCallable[Q, A]:
        """A method whose requests and answers stream, to be called."""
        interceptors = self._of_kind(grpc.aio.StreamStreamClientInterceptor)
        return StreamStream(
            self._method(method, request_serializer, response_deserializer, interceptors)
        )

    def _method[Q, A](
        self,
        path: str,
        serializer: Serializer[Q],
        deserializer: Deserializer[A],
        interceptors: Sequence[grpc.aio.ClientInterceptor],
    ) -> Method[Q, A]:
        checked_path(path)
        return Method(self._streams, path, serializer, deserializer, interceptors)

    def _of_kind(self, kind: type) -> list[grpc.aio.ClientInterceptor]:
        return [each for each in self._interceptors if isinstance(each, kind)]


async def _ended(calls: list[InFlight], grace: float) -> None:
    waits = [asyncio.ensure_future(call.code()) for call in calls]
    if waits:
        _, late = await asyncio.wait(waits, timeout=grace)
        for wait in late:
            wait.cancel()
