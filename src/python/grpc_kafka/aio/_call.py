"""A unary call as its client holds it: `grpc.aio.UnaryUnaryCall`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Protocol

import grpc

from grpc_kafka.aio._deadlines import Deadlines
from grpc_kafka.aio._outcome import CODES, Outcome, larger_than_max
from grpc_kafka.protocol import (
    Call,
    Collected,
    Frame,
    FrameKind,
    Part,
    Response,
    Role,
    State,
    UnexpectedFrameError,
    kind_of,
)

if TYPE_CHECKING:
    from grpc_kafka.protocol import Metadata

_LOG = logging.getLogger(__name__)

# Servers that may send parts of an answer at once: one for each delivery of the request. Past that
# the one that began first is given up, so that memory is bounded.
_SOURCES = 4

LOCALLY_CANCELLED = "Locally cancelled by application!"
"""The details of a call that its own process cancelled, as `grpc.aio` words them."""


FOREVER = 1e9
"""Seconds past which a timeout, `inf` among them, is no deadline."""


class Carrier(Protocol):
    """Who carries a call's frames, and watches over its deadline."""

    @property
    def deadlines(self) -> Deadlines:
        """Of all its calls."""

    def cancel(self, call_id: bytes, path: str) -> None:
        """Tell the server that nobody waits any more."""

    def forget(self, call_id: bytes) -> None:
        """Hear nothing more for this call."""


class KafkaUnaryUnaryCall[Q, A](grpc.aio.UnaryUnaryCall[Q, A]):
    """One call under way, or over; it may be awaited many times.

    Args:
        carrier: sends its frames.
        call_id: names it on the wire.
        path: `/package.Service/Method`.
        deserializer: makes the answer of bytes; None leaves them bytes.
        receive_limit: bytes that an answer may have.
        timeout: seconds until it is over at the latest.

    """

    def __init__(
        self,
        carrier: Carrier,
        call_id: bytes,
        path: str,
        *,
        deserializer: Callable[[bytes], A] | None,
        receive_limit: int | None,
        timeout: float | None,
    ) -> None:
        self.call_id = call_id
        self.path = path
        self._carrier = carrier
        self._moves = Call(Role.CLIENT)
        self._deserializer = deserializer
        self._receive_limit = receive_limit
        self._loop = asyncio.get_running_loop()
        self._parts: dict[str, Collected] = {}
        self._outcome: Outcome | None = None
        self._response: A | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._callbacks: list[Callable[[KafkaUnaryUnaryCall[Q, A]], None]] = []
        self._deadline: float | None = None
        self._expires: float | None = None
        if timeout is not None:
            self._deadline = self._loop.time() + timeout
            if timeout <= FOREVER:
                self._expires = self._deadline
                carrier.deadlines.add(self, self._deadline)

    def sent(self) -> None:
        """Note that its REQUEST left."""
        self._moves.send(FrameKind.REQUEST)

    def receive(self, frame: Frame) -> None:
        """End it with its answer.

        Raises:
            UnexpectedFrameError: the frame is none.
        """
        if isinstance(frame, Part):
            self._collect(frame)
        elif isinstance(frame, Response):
            self._answered(frame)
        else:
            raise UnexpectedFrameError(self._moves.state, kind_of(frame))

    def _collect(self, frame: Part) -> None:
        self._moves.receive(FrameKind.PART)
        if frame.source not in self._parts:
            if len(self._parts) == _SOURCES:
                del self._parts[next(iter(self._parts))]
            self._parts[frame.source] = Collected(self._receive_limit)
        self._parts[frame.source].add(frame.sequence, frame.message)

    def _answered(self, frame: Response) -> None:
        size, message = len(frame.message), frame.message
        if frame.parts:
            collected = self._parts.get(frame.source)
            if collected is None or not collected.is_whole(frame.parts):
                # Parts went astray: they are sent again, or the deadline ends the call.
                return
            size, message = collected.size + size, collected.join(message)
        self._moves.receive(FrameKind.RESPONSE)
        code = CODES.get(frame.status, grpc.StatusCode.UNKNOWN)
        details = frame.details
        if code is grpc.StatusCode.OK:
            code, details = self._read(message, size, details)
        self.finish(Outcome(code, details, frame.initial_metadata, frame.trailing_metadata))

    def expire(self) -> None:
        """End it by its deadline."""
        self.finish(Outcome(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))

    def finish(self, outcome: Outcome) -> None:
        """End it; only the first end counts."""
        if self._outcome is not None:
            return
        self._outcome = outcome
        self._carrier.forget(self.call_id)
        if self._expires is not None:
            self._carrier.deadlines.remove(self, self._expires)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._loop.call_soon(callback, self)

    def _read(self, message: bytes, size: int, details: str) -> tuple[grpc.StatusCode, str]:
        limit = self._receive_limit
        if limit is not None and size > limit:
            text = larger_than_max("CLIENT", "Received", size, limit)
            return grpc.StatusCode.RESOURCE_EXHAUSTED, text
        try:
            self._response = self._deserializer(message) if self._deserializer else message  # type: ignore[assignment]
        except Exception:  # noqa: BLE001 - the application's deserializer may raise anything
            _LOG.exception("the answer to %s could not be read", self.path)
            return grpc.StatusCode.INTERNAL, "Exception deserializing response!"
        return grpc.StatusCode.OK, details

    def _waiter(self) -> asyncio.Future[None]:
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        return waiter

    async def _wait(self) -> Outcome:
        if self._outcome is None:
            await self._waiter()
        return self._ended()

    def _ended(self) -> Outcome:
        if self._outcome is None:
            raise asyncio.InvalidStateError("a call's waiter woke up before its end")
        return self._outcome

    def _raise_for(self, outcome: Outcome) -> None:
        if outcome.local:
            raise asyncio.CancelledError
        if outcome.code is not grpc.StatusCode.OK:
            raise grpc.aio.AioRpcError(
                outcome.code,
                _metadata(outcome.initial_metadata),
                _metadata(outcome.trailing_metadata),
                outcome.details,
                f"{outcome.code.name}:{outcome.details}",
            )

    # A generator, and no coroutine, of which every call would make and wake up two.
    def __await__(self) -> Generator[None, None, A]:
        """Wait for the answer; cancelling the wait cancels the call.

        Raises:
            grpc.aio.AioRpcError: it ended with another status than OK.
            asyncio.CancelledError: it was cancelled here.
        """
        if self._outcome is None:
            try:
                yield from self._waiter()
            except asyncio.CancelledError:
                self.cancel()
                raise
        self._raise_for(self._ended())
        return self._response  # type: ignore[return-value]

    def cancelled(self) -> bool:
        """Whether its end is a cancellation."""
        return self._outcome is not None and self._outcome.code is grpc.StatusCode.CANCELLED

    def done(self) -> bool:
        """Whether it is over."""
        return self._outcome is not None

    def cancel(self) -> bool:
        """End it here and tell the server; False when it is over already."""
        return self.cancel_because(LOCALLY_CANCELLED)

    def cancel_because(self, details: str) -> bool:
        """End it here with the given details and tell the server; False when it is over."""
        if self._outcome is not None:
            return False
        self.abandon(Outcome(grpc.StatusCode.CANCELLED, details, local=True))
        return True

    def abandon(self, outcome: Outcome) -> None:
        """End it here, and tell the server if its REQUEST has left."""
        self.finish(outcome)
        if self._moves.state is State.REQUESTED:
            self._moves.send(FrameKind.CANCEL)
            self._carrier.cancel(self.call_id, self.path)

    def time_remaining(self) -> float | None:
        """Seconds until its deadline, 0 when that is over, None without one."""
        return None if self._deadline is None else max(self._deadline - self._loop.time(), 0)

    def add_done_callback(self, callback: Callable[[KafkaUnaryUnaryCall[Q, A]], None]) -> None:
        """Call back with this call when it is over, soon if it is so already."""
        if self._outcome is not None:
            self._loop.call_soon(callback, self)
        else:
            self._callbacks.append(callback)

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """What the server sent before its answer."""
        return _metadata((await self._wait()).initial_metadata)

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What the server sent with its status."""
        return _metadata((await self._wait()).trailing_metadata)

    async def code(self) -> grpc.StatusCode:
        """The status that it ended with."""
        return (await self._wait()).code

    async def details(self) -> str:
        """The text beside its status."""
        return (await self._wait()).details

    async def debug_error_string(self) -> str:
        """Status and text in one line; empty when it went well."""
        code, details, *_ = await self._wait()
        return "" if code is grpc.StatusCode.OK else f"{code.name}:{details}"

    async def wait_for_connection(self) -> None:
        """Wait until the server was heard: a unary call hears it once, with the answer.

        Raises:
            grpc.aio.AioRpcError: it ended with another status than OK.
        """
        self._raise_for(await self._wait())

    def __repr__(self) -> str:
        if self._outcome is None:
            return f"<{type(self).__name__} of {self.path}, under way>"
        code, details, *_ = self._outcome
        return f"<{type(self).__name__} of {self.path}, ended {code.name}: {details!r}>"


def _metadata(entries: Metadata) -> grpc.aio.Metadata:
    return grpc.aio.Metadata(*entries)
