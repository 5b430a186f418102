"""`grpc.Channel` over Kafka."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import grpc

from grpc_kafka import aio
from grpc_kafka._broker import Broker
from grpc_kafka._endpoint import Endpoint
from grpc_kafka.sync._loop import LoopThread
from grpc_kafka.sync._multicallables import (
    Method,
    StreamStream,
    StreamUnary,
    UnaryStream,
    UnaryUnary,
)

type Serializer[M] = Callable[[M], bytes] | None
type Deserializer[M] = Callable[[bytes], M] | None
type StateListener = Callable[[grpc.ChannelConnectivity], None]


class KafkaChannel(grpc.Channel):
    """Carries calls to the services of a lane; made by `grpc_kafka.sync.channel`."""

    def __init__(
        self, endpoint: Endpoint, *, options: aio.Options | None, broker: Broker | None
    ) -> None:
        self._thread = LoopThread("grpc channel")
        self._channel = self._thread.ask(
            lambda: aio.channel(endpoint, options=options, broker=broker)
        )
        self._closing = threading.Lock()
        self._listening: dict[StateListener, Future[None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is under way, and let go."""
        with self._closing:
            if not self._thread.closed:
                self._thread.wait(self._channel.close())
                self._thread.close()

    def subscribe(self, callback: StateListener, try_to_connect: bool = False) -> None:
        """Tell the state now and whenever it changes, in a thread of the channel's."""
        self._listening[callback] = self._thread.submit(self._listen(callback, try_to_connect))

    def unsubscribe(self, callback: StateListener) -> None:
        """Tell it no more."""
        listening = self._listening.pop(callback, None)
        if listening is not None:
            listening.cancel()

    def unary_unary[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.UnaryUnaryMultiCallable[Q, A]:
        """A method of one request and one response, to be called."""
        make = self._channel.unary_unary
        return UnaryUnary(self._method(make, method, request_serializer, response_deserializer))

    def unary_stream[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.UnaryStreamMultiCallable[Q, A]:
        """A method of one request and many responses, to be called."""
        make = self._channel.unary_stream
        return UnaryStream(
            self._method(make, method, request_serializer, response_deserializer, unary=False)
        )

    def stream_unary[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.StreamUnaryMultiCallable[Q, A]:
        """A method of many requests and one response, to be called."""
        make = self._channel.stream_unary
        return StreamUnary(self._method(make, method, request_serializer, response_deserializer))

    def stream_stream[Q, A](
        self,
        method: str,
        request_serializer: Serializer[Q] = None,
        response_deserializer: Deserializer[A] = None,
        _registered_method: bool | None = False,
    ) -> grpc.StreamStreamMultiCallable[Q, A]:
        """A method of many requests and many responses, to be called."""
        make = self._channel.stream_stream
        return StreamStream(
            self._method(make, method, request_serializer, response_deserializer, unary=False)
        )

    def _method(
        self,
        make: Callable[..., Callable[..., object]],
        path: str,
        serializer: object,
        deserializer: object,
        *,
        unary: bool = True,
    ) -> Method:
        begin = self._thread.ask(lambda: make(path, serializer, deserializer))
        return Method(self._thread, begin, unary=unary)

    async def _listen(self, callback: StateListener, try_to_connect: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:
            state = self._channel.get_state(try_to_connect)
            await loop.run_in_executor(None, callback, state)
            if state is grpc.ChannelConnectivity.SHUTDOWN:
                return
            await self._channel.wait_for_state_change(state)
