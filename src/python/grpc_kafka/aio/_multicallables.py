"""What a stub's method is: call it to begin a call."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import cast

import grpc

from grpc_kafka.aio._call import KafkaUnaryUnaryCall
from grpc_kafka.aio._connection import Connection, Outgoing, deadline_after
from grpc_kafka.aio._interception import InterceptedUnaryUnaryCall
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._outcome import Outcome, larger_than_max
from grpc_kafka.protocol import metadata_of

_LOG = logging.getLogger(__name__)
_PATH = re.compile(r"/[A-Za-z0-9._]+/[!-.0-~]+")

type CallMetadata = grpc.aio.Metadata | Sequence[tuple[str, str | bytes]]


class UnaryUnary[Q, A](grpc.aio.UnaryUnaryMultiCallable[Q, A]):
    """Begins unary calls of one method.

    Args:
        connection: carries them.
        path: `/package.Service/Method`.
        serializer: makes bytes of a request; None when it is bytes.
        deserializer: makes an answer of bytes; None leaves them bytes.
        limits: sizes of messages.
        interceptors: the first is the outermost.

    Raises:
        ValueError: the path is none.

    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        serializer: Callable[[Q], bytes] | None,
        deserializer: Callable[[bytes], A] | None,
        *,
        limits: Limits,
        interceptors: Sequence[grpc.aio.UnaryUnaryClientInterceptor],
    ) -> None:
        self._connection = connection
        self._path = checked_path(path)
        self._serializer = serializer
        self._deserializer = deserializer
        self._limits = limits
        self._interceptors = interceptors

    def __call__(
        self,
        request: Q,
        *,
        timeout: float | None = None,
        metadata: CallMetadata | None = None,
        credentials: grpc.CallCredentials | None = None,
        wait_for_ready: bool | None = None,
        compression: grpc.Compression | None = None,  # noqa: ARG002
    ) -> grpc.aio.UnaryUnaryCall[Q, A]:
        """Begin a call; compression is the brokers' business and ignored.

        Raises:
            grpc.aio.UsageError: the channel is closed, or credentials were given.
            InvalidMetadataError: metadata that gRPC does not allow.
            TypeError: a request that is no bytes, and no serializer that makes it so.
        """
        self._connection.require_open()
        refuse(credentials)
        if not self._interceptors:
            return self._begin(self._path, request, timeout, metadata, wait_for_ready)
        details = grpc.aio.ClientCallDetails(
            # grpc.aio gives interceptors the method as bytes, whatever its annotation says.
            cast("str", self._path.encode()),
            timeout,
            grpc.aio.Metadata(*(metadata or ())),
            None,
            wait_for_ready,
        )
        call = InterceptedUnaryUnaryCall(self._interceptors, self._invoke, details, request)
        self._connection.intercepted.add(call)
        return call

    def _invoke(
        self, details: grpc.aio.ClientCallDetails, request: Q
    ) -> grpc.aio.UnaryUnaryCall[Q, A]:
        method: str | bytes = details.method
        path = checked_path(method.decode() if isinstance(method, bytes) else method)
        return self._begin(path, request, details.timeout, details.metadata, details.wait_for_ready)

    def _begin(
        self,
        path: str,
        request: Q,
        timeout: float | None,
        metadata: CallMetadata | None,
        wait_for_ready: bool | None,
    ) -> KafkaUnaryUnaryCall[Q, A]:
        self._connection.require_open()
        entries = metadata_of(metadata) if metadata else ()
        message = self._message(request)
        connection = self._connection
        call: KafkaUnaryUnaryCall[Q, A] = KafkaUnaryUnaryCall(
            connection,
            connection.new_id(),
            path,
            deserializer=self._deserializer,
            receive_limit=self._limits.receive,
            timeout=timeout,
        )
        if isinstance(message, Outcome):
            call.finish(message)
        elif timeout is not None and timeout <= 0:
            call.expire()
        else:
            patient = wait_for_ready is not False
            connection.start(Outgoing(call, entries, message, deadline_after(timeout), patient))
        return call

    def _message(self, request: Q) -> bytes | Outcome:
        try:
            message: object = self._serializer(request) if self._serializer else request
        except Exception:  # noqa: BLE001 - the application's serializer may raise anything
            _LOG.exception("the request to %s could not be written", self._path)
            return Outcome(grpc.StatusCode.INTERNAL, "Exception serializing request!")
        if message is None:
            return b""
        if not isinstance(message, bytes):
            raise TypeError(f"a request to {self._path} is bytes, not {type(message).__name__}")
        limit = self._limits.send
        if limit is not None and len(message) > limit:
            text = larger_than_max("CLIENT", "Sent", len(message), limit)
            return Outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        return message


def refuse(credentials: grpc.CallCredentials | None) -> None:
    """Refuse credentials of a call.

    Raises:
        grpc.aio.UsageError: there are some.
    """
    if credentials is not None:
        raise grpc.aio.UsageError(
            "Call credentials are only valid on secure channels; Kafka has its own, in its settings"
        )


def checked_path(path: str) -> str:
    """The path of a method, as it is.

    Raises:
        ValueError: it is none.
    """
    if not _PATH.fullmatch(path):
        raise ValueError(f"{path!r} names no method: /package.Service/Method does")
    return path
