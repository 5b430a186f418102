"""What a handler is given beside its request: `grpc.aio.ServicerContext`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

import grpc

from grpc_kafka.aio._behaviours import bytes_of
from grpc_kafka.aio._outcome import CODES, larger_than_max
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.protocol import Metadata, metadata_of

if TYPE_CHECKING:
    from grpc_kafka.aio._server_stream import ServerStream

type GivenMetadata = grpc.aio.Metadata | Sequence[tuple[str, str | bytes]]


class BlockingContext:
    """The context of a plain function's handler, which runs in a thread of its own."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self._loop = asyncio.get_running_loop()

    def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: GivenMetadata = (),
    ) -> NoReturn:
        """End the call with a status other than OK; raises to leave the handler.

        Raises:
            grpc.aio.AbortError: always, to be let through.
            grpc.aio.UsageError: the call was aborted already, or the code is OK.
            TypeError: details that are no text, or trailing metadata that is no row of pairs.
        """
        rpc = self.rpc
        text = _text_of(details)
        if rpc.abort_error is not None:
            raise grpc.aio.UsageError("Abort already called!")
        if status_of(code) is grpc.StatusCode.OK:
            raise grpc.aio.UsageError("abort() takes a status code other than OK")
        trailing = _trailing_of(trailing_metadata)
        rpc.trailing_metadata = trailing or rpc.trailing_metadata
        rpc.code = status_of(code)
        rpc.details = text or rpc.details
        rpc.abort_error = grpc.aio.AbortError("Locally aborted.")
        raise rpc.abort_error

    def abort_with_status(self, status: grpc.Status) -> NoReturn:
        """End the call with a status of three parts, as `grpc_status.rpc_status` makes it."""
        self.abort(status.code, status.details or "", status.trailing_metadata or ())

    def send_initial_metadata(self, initial_metadata: GivenMetadata) -> None:
        """Set what stands before the answer; once.

        Raises:
            grpc.aio.UsageError: it was sent already, or the call is over.
            grpc.aio.AbortError: the call was aborted; to be let through.
        """
        stream = self._set_initial_metadata(initial_metadata)
        if stream is not None:
            send = stream.send_initial_metadata
            stream.loop.call_soon_threadsafe(send, self.rpc.initial_metadata)

    def set_trailing_metadata(self, trailing_metadata: GivenMetadata) -> None:
        """Set what goes with the status; in vain after `abort`.

        Raises:
            TypeError: it is no row of pairs.
        """
        trailing = _trailing_of(trailing_metadata)
        if self.rpc.abort_error is None:
            self.rpc.trailing_metadata = trailing

    def trailing_metadata(self) -> grpc.aio.Metadata:
        """What would go with the status now."""
        return cast("grpc.aio.Metadata", self.rpc.trailing_metadata)

    def invocation_metadata(self) -> grpc.aio.Metadata:
        """What the client sent, a tuple of entries with `key` and `value` as in `grpc.aio`."""
        return cast("grpc.aio.Metadata", self.rpc.invocation_metadata)

    def set_code(self, code: grpc.StatusCode) -> None:
        """Set the status that the call ends with; any but OK discards the answer.

        In vain after `abort`.
        """
        if self.rpc.abort_error is None:
            self.rpc.code = status_of(code)

    def code(self) -> grpc.StatusCode:
        """The status set so far; None when none was, as in `grpc.aio`."""
        return cast("grpc.StatusCode", self.rpc.code)

    def set_details(self, details: str) -> None:
        """Set the text beside the status; in vain after `abort`.

        Raises:
            TypeError: details that are no text.
        """
        text = _text_of(details)
        if self.rpc.abort_error is None:
            self.rpc.details = text

    def details(self) -> str:
        """The text set so far."""
        return self.rpc.details

    def set_compression(self, compression: grpc.Compression) -> None:  # noqa: ARG002
        """Accepted and ignored: the brokers' settings compress records.

        Raises:
            RuntimeError: something was sent already.
        """
        if self.rpc.metadata_sent:
            raise RuntimeError("compression is set before anything is sent")

    def disable_next_message_compression(self) -> None:
        """Accepted and ignored, like `set_compression`."""

    def peer(self) -> str:
        """The client's address: `kafka:<inbox topic>/<partition>:<instance>`."""
        topic, partition, instance = self.rpc.request.reply_to
        return f"kafka:{topic}/{partition}:{instance}"

    def peer_identities(self) -> Iterable[bytes] | None:
        """None: a record carries no authenticated sender."""
        return None

    def peer_identity_key(self) -> str | None:
        """None: a record carries no authenticated sender."""
        return None

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """Empty: a record carries no authenticated sender."""
        return {}

    def time_remaining(self) -> float:
        """Seconds until the deadline; None without one, as in `grpc.aio`."""
        return cast("float", self.rpc.time_remaining())

    def is_active(self) -> bool:
        """Whether somebody still waits for what the handler says."""
        return not self.done() and self.rpc.abort_error is None

    def cancel(self) -> None:
        """End the call `CANCELLED`, wherever its handler is; in vain once it is over."""
        rpc = self.rpc
        if self.is_active():
            rpc.code, rpc.details = grpc.StatusCode.CANCELLED, "Cancelled on the server side"
            rpc.abort_error = grpc.aio.AbortError("Locally cancelled.")
            self._loop.call_soon_threadsafe(rpc.interrupt)

    def cancelled(self) -> bool:
        """Whether nobody waits for this run: see `Ending` for the reasons."""
        return self.rpc.ending is not None

    def done(self) -> bool:
        """Whether the call is over."""
        return self.rpc.answered or self.rpc.ending is not None

    def _set_initial_metadata(self, initial_metadata: GivenMetadata) -> ServerStream | None:
        _require_running(self.rpc)
        if self.rpc.metadata_sent:
            raise grpc.aio.UsageError("Send initial metadata failed: already sent")
        self.rpc.initial_metadata = metadata_of(initial_metadata)
        self.rpc.metadata_sent = True
        return self.rpc.stream

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Call back when the call is over; False, and no call back, when it is so already."""
        if self.done():
            return False
        self.rpc.callbacks.append(callback)
        return True


class Context(BlockingContext, grpc.aio.ServicerContext[object, object]):
    """The context of a coroutine's handler: the same, with coroutines where grpc.aio has them."""

    async def abort(  # type: ignore[override]
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: GivenMetadata = (),
    ) -> NoReturn:
        """End the call with a status other than OK; raises to leave the handler."""
        super().abort(code, details, trailing_metadata)

    async def abort_with_status(self, status: grpc.Status) -> NoReturn:  # type: ignore[override]
        """End the call with a status of three parts, as `grpc_status.rpc_status` makes it."""
        super().abort(status.code, status.details or "", status.trailing_metadata or ())

    async def send_initial_metadata(  # type: ignore[override]
        self, initial_metadata: GivenMetadata
    ) -> None:
        """Set what stands before the answer; once."""
        stream = self._set_initial_metadata(initial_metadata)
        if stream is not None:
            stream.send_initial_metadata(self.rpc.initial_metadata)

    def add_done_callback(self, callback: Callable[[Context], None]) -> None:
        """Call back with this context when the call is over."""
        self.rpc.callbacks.append(lambda: callback(self))

    async def read(self) -> object:
        """The client's next message, or `grpc.aio.EOF`.

        Raises:
            grpc.aio.UsageError: it is a unary call, whose handler was given its one request.
        """
        rpc = self.rpc
        _require_running(rpc)
        if rpc.stream is None or rpc.handler is None:
            raise grpc.aio.UsageError("a unary call has no more requests to read")
        message = await rpc.stream.read()
        _require_running(rpc)
        if message is None:
            return grpc.aio.EOF
        read = rpc.handler.request_deserializer
        return read(message) if read else message

    async def write(self, message: object) -> None:
        """Send one of the answers, as soon as the client can take it.

        Raises:
            grpc.aio.UsageError: it is a unary call, whose handler returns its one answer.
            grpc.aio.AbortError: the message is larger than allowed; to be let through.
        """
        rpc = self.rpc
        _require_running(rpc)
        if rpc.stream is None or rpc.handler is None:
            raise grpc.aio.UsageError("a unary handler returns its answer, it does not write it")
        made = bytes_of(rpc.handler, message)
        limit = rpc.stream.limits.send
        if limit is not None and len(made) > limit:
            text = larger_than_max("SERVER", "Sent", len(made), limit)
            await self.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        rpc.metadata_sent = True
        await rpc.stream.write(made)


def _require_running(rpc: Rpc) -> None:
    if rpc.abort_error is not None:
        raise rpc.abort_error
    if rpc.answered:
        raise grpc.aio.UsageError("RPC already finished.")


def status_of(code: grpc.StatusCode | int) -> grpc.StatusCode:
    """A status code, given as such or as its number; UNKNOWN for a number that is none."""
    if isinstance(code, grpc.StatusCode):
        return code
    return CODES.get(code, grpc.StatusCode.UNKNOWN)


def _trailing_of(given: object) -> Metadata:
    if isinstance(given, Iterable) and not isinstance(given, dict):
        entries = tuple(given)
        if all(isinstance(entry, tuple) for entry in entries):
            return metadata_of(entries)
    raise TypeError(f"trailing metadata is a row of pairs, not {given!r}")


def _text_of(details: object) -> str:
    # Refused here, in the handler: on its way out it could no longer be answered for.
    if details is not None and not isinstance(details, str):
        raise TypeError(f"details are str, not {type(details).__name__}")
    return details or ""
