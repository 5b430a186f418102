"""What a stub's method is for threads: call it, and it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

import grpc

from grpc_kafka.sync._calls import KafkaCall, RequestFeed
from grpc_kafka.sync._loop import LoopThread

type CallMetadata = Sequence[tuple[str, str | bytes]]


class Arguments(NamedTuple):
    """What a call is begun with beside its request."""

    timeout: float | None
    metadata: CallMetadata | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None


class Method:
    """A method of an asynchronous channel.

    Args:
        thread: where the channel lives.
        begin: the method there.
        unary: whether one response is its result.

    """

    def __init__(self, thread: LoopThread, begin: Callable[..., object], *, unary: bool) -> None:
        self._thread = thread
        self._begin = begin
        self._unary = unary

    def call(self, request: object, arguments: Arguments) -> KafkaCall:
        """Begin a call with one request."""
        return self._make(request, None, arguments)

    def stream(self, requests: Iterable[object], arguments: Arguments) -> KafkaCall:
        """Begin a call whose requests an iterator gives."""
        feed = RequestFeed(requests)
        return self._make(feed, feed, arguments)

    def _make(self, given: object, feed: RequestFeed | None, arguments: Arguments) -> KafkaCall:
        timeout = arguments.timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        begun = self._thread.ask(lambda: self._begin(given, **arguments._asdict()))
        call = cast("grpc.aio.Call", begun)
        return KafkaCall(self._thread, call, deadline, unary=self._unary, feed=feed)


class UnaryUnary(grpc.UnaryUnaryMultiCallable):  # type: ignore[type-arg]  # generic in stubs alone
    """A method of one request and one response."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request: object,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> object:
        """The response.

        Raises:
            KafkaCall: the call ended with another status than OK.
        """
        response, _ = self.with_call(
            request, timeout, metadata, credentials, wait_for_ready, compression
        )
        return response

    def with_call(
        self,
        request: object,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> tuple[object, grpc.Call]:
        """The response, and the call.

        Raises:
            KafkaCall: it ended with another status than OK.
        """
        call = self._method.call(request, Arguments(timeout, metadata, credentials, wait_for_ready))
        return outcome_of(call), call

    def future(  # type: ignore[override]  # stubs' own name for it
        self,
        request: object,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> KafkaCall:
        """The call, which is a future of its response."""
        return self._method.call(request, Arguments(timeout, metadata, credentials, wait_for_ready))


class UnaryStream(grpc.UnaryStreamMultiCallable):  # type: ignore[type-arg]  # generic in stubs alone
    """A method of one request and many responses."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(  # type: ignore[override]  # stubs' own name for it
        self,
        request: object,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> KafkaCall:
        """The call, which is an iterator of its responses."""
        return self._method.call(request, Arguments(timeout, metadata, credentials, wait_for_ready))


class StreamUnary(grpc.StreamUnaryMultiCallable):  # type: ignore[type-arg]  # generic in stubs alone
    """A method of many requests and one response."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(
        self,
        request_iterator: Iterable[object],
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,
    ) -> object:
        """The response.

        Raises:
            KafkaCall: the call ended with another status than OK.
        """
        response, _ = self.with_call(
            request_iterator, timeout, metadata, credentials, wait_for_ready, compression
        )
        return response

    def with_call(
        self,
        request_iterator: Iterable[object],
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> tuple[object, grpc.Call]:
        """The response, and the call.

        Raises:
            KafkaCall: it ended with another status than OK.
        """
        call = self._method.stream(
            request_iterator, Arguments(timeout, metadata, credentials, wait_for_ready)
        )
        return outcome_of(call), call

    def future(  # type: ignore[override]  # stubs' own name for it
        self,
        request_iterator: Iterable[object],
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> KafkaCall:
        """The call, which is a future of its response."""
        return self._method.stream(
            request_iterator, Arguments(timeout, metadata, credentials, wait_for_ready)
        )


class StreamStream(grpc.StreamStreamMultiCallable):  # type: ignore[type-arg]  # generic in stubs alone
    """A method of many requests and many responses."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def __call__(  # type: ignore[override]  # stubs' own name for it
        self,
        request_iterator: Iterable[object],
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002 - the brokers' business
    ) -> KafkaCall:
        """The call, which is an iterator of its responses."""
        return self._method.stream(
            request_iterator, Arguments(timeout, metadata, credentials, wait_for_ready)
        )


def outcome_of(call: KafkaCall) -> object:
    """The response of a call, waiting for it; a wait that is interrupted cancels it.

    Raises:
        KafkaCall: it ended with another status than OK.
    """
    try:
        return call.result()
    except grpc.FutureCancelledError:
        raise call from None
    except KeyboardInterrupt:
        call.cancel()
        raise
