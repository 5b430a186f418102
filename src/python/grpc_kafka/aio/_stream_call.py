"""A streaming call as its client carries it, under the call objects of `grpc.aio` itself.

grpcio's own `UnaryStreamCall`, `StreamUnaryCall` and `StreamStreamCall` do what applications see:
iteration, read and write, styles that must not be mixed, errors, cancellation by the collector.
They stand on an object of grpcio's core; this module has the one that stands on Kafka. Its
methods are called by them, so their names and words are grpcio's (`grpc.aio._call`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import grpc

from grpc_kafka.aio._outcome import (
    BREAKING,
    Outcome,
    Status,
    broken_by,
    larger_than_max,
    outcome_said,
)
from grpc_kafka.aio._pipe import Pipe
from grpc_kafka.aio._stream_carrier import StreamRequest
from grpc_kafka.protocol import (
    Accept,
    Arity,
    Frame,
    FrameKind,
    HalfClose,
    InitialMetadata,
    Message,
    Metadata,
    Response,
    Role,
    State,
    Trailers,
    UnexpectedFrameError,
    Window,
    kind_of,
)

if TYPE_CHECKING:
    from grpc_kafka.aio._options import Limits
    from grpc_kafka.aio._stream_carrier import Carrier
    from grpc_kafka.protocol import Address


class KafkaStreamCall:
    """One stream under way, or over.

    Args:
        carrier: carries its frames.
        path: `/package.Service/Method`.
        deadline: in seconds since the epoch.
        wait_for_ready: whether it waits while no broker answers and no process serves.
        limits: sizes of messages.

    """

    def __init__(
        self,
        carrier: Carrier,
        path: str,
        deadline: float | None,
        *,
        wait_for_ready: bool,
        limits: Limits,
    ) -> None:
        self.call_id = carrier.new_id()
        self.path = path
        self._carrier = carrier
        self._deadline = deadline
        self._wait_for_ready = wait_for_ready
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._arity = Arity.STREAM_STREAM
        self._pipe = Pipe(self.call_id, Role.CLIENT, carrier.post, receive_limit=limits.receive)
        self._server: Address | None = None
        self._status: Status | None = None
        self._initial_metadata: Metadata | None = None
        self._trailers: Outcome | None = None
        self._locally_cancelled = False
        self._connected: Callable[[], None] = lambda: None
        self._waiters: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None

    # What grpcio's call objects ask.

    def done(self) -> bool:
        """Whether its status is known."""
        return self._status is not None

    def cancelled(self) -> bool:
        """Whether its end is a cancellation."""
        status = self._status
        return status is not None and status.outcome.code is grpc.StatusCode.CANCELLED

    def is_locally_cancelled(self) -> bool:
        """Whether this very process cancelled it."""
        return self._locally_cancelled

    def is_ok(self) -> bool:
        """Whether it ended well."""
        status = self._status
        return status is not None and status.outcome.code is grpc.StatusCode.OK

    def time_remaining(self) -> float | None:
        """Seconds until its deadline, 0 when that is over, None without one."""
        return None if self._deadline is None else max(self._deadline - time.time(), 0)

    def add_done_callback(self, callback: Callable[[], None]) -> None:
        """Call back when it is over, at once if it is so already."""
        if self._status is not None:
            callback()
        else:
            self._callbacks.append(callback)

    def cancel(self, details: str) -> None:
        """End it here and tell the server."""
        if self._status is None:
            self._locally_cancelled = True
            self.abandon(Outcome(grpc.StatusCode.CANCELLED, details, local=True))

    def set_internal_error(self, _error: str) -> None:
        """Leave the status as it is: a write fails here only when there is one."""

    async def status(self) -> Status:
        """How it ended, once it has."""
        while self._status is None:
            await self._change()
        return self._status

    async def initial_metadata(self) -> Metadata:
        """What the server sent before its first message, once that is known."""
        while self._initial_metadata is None:
            await self._change()
        return self._initial_metadata

    async def initiate_unary_stream(
        self, request: bytes, metadata: Metadata, _context: object = None
    ) -> None:
        """Begin a call with one request."""
        self._begin(Arity.UNARY_STREAM, metadata, request)
        await self.initial_metadata()

    async def initiate_stream_stream(
        self, metadata: Metadata, connected: Callable[[], None], _context: object = None
    ) -> None:
        """Begin a call whose requests and answers stream."""
        self._connected = connected
        self._begin(Arity.STREAM_STREAM, metadata, b"")
        await self.initial_metadata()

    async def stream_unary(
        self, metadata: Metadata, connected: Callable[[], None], _context: object = None
    ) -> bytes | None:
        """Carry a call whose requests stream; gives its answer, None unless it went well."""
        self._connected = connected
        self._begin(Arity.STREAM_UNARY, metadata, b"")
        answer = await self._pipe.read()
        self._settle()
        await self.status()
        return answer if self.is_ok() else None

    async def receive_serialized_message(self) -> object:
        """The next message, or `grpc.aio.EOF`."""
        message = await self._pipe.read()
        self._settle()
        return grpc.aio.EOF if message is None else message

    async def send_serialized_message(self, message: bytes) -> None:
        """Send a message as soon as there is credit.

        Raises:
            grpc.aio.AioRpcError: never of itself: `grpc.aio` raises the status it finds.
        """
        limit = self._limits.send
        if limit is not None and len(message) > limit:
            text = larger_than_max("CLIENT", "Sent", len(message), limit)
            self.abandon(Outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, text))
        elif await self._pipe.write(message):
            return
        raise grpc.aio.InternalError("the stream is over")

    async def send_receive_close(self) -> None:
        """Say that no more messages follow."""
        await self._pipe.half_close()

    # What the channel tells.

    def sent(self) -> None:
        """Note that its REQUEST left."""
        self._pipe.stream.begin()

    def receive(self, frame: Frame) -> None:
        """Take a frame from the server.

        Raises:
            UnexpectedFrameError: a frame that the call does not allow now.
        """
        try:
            self._take(frame)
        except BREAKING as error:
            self.abandon(broken_by(error))

    def finish(self, outcome: Outcome) -> None:
        """End it at once; only the first end counts."""
        if self._status is not None:
            return
        self._status = Status(outcome)
        if self._initial_metadata is None:
            self._initial_metadata = outcome.initial_metadata
        self._carrier.forget(self.call_id)
        if self._server is not None:
            self._carrier.peers.unwatch(self._server, self.call_id)
        if self._timer is not None:
            self._timer.cancel()
        self._pipe.break_off()
        self._connected()
        self._wake()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._loop.call_soon(callback)

    def abandon(self, outcome: Outcome) -> None:
        """End it here, and tell the server that nobody waits any more."""
        self.finish(outcome)
        self._let_go()

    def cancel_because(self, details: str) -> bool:
        """End it here with the given details and tell the server; False when it is over."""
        if self._status is not None:
            return False
        self.cancel(details)
        return True

    async def code(self) -> grpc.StatusCode:
        """The status that it ended with."""
        return (await self.status()).outcome.code

    def _begin(self, arity: Arity, metadata: Metadata, message: bytes) -> None:
        if self._status is not None:
            return
        self._arity = arity
        limit = self._limits.send
        if self._deadline is not None:
            left = self._deadline - time.time()
            if left <= 0:
                self._expire()
                return
            self._timer = self._loop.call_later(left, self._expire)
        if limit is not None and len(message) > limit:
            text = larger_than_max("CLIENT", "Sent", len(message), limit)
            self.finish(Outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, text))
            return
        self._carrier.begin(
            self,
            StreamRequest(arity, metadata, message, self._deadline, self._wait_for_ready),
        )

    def _expire(self) -> None:
        self.finish(Outcome(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))

    def _take(self, frame: Frame) -> None:
        match frame:
            case Response():
                self._pipe.stream.refused()
                self.finish(outcome_said(frame.status, frame.details, frame.trailing_metadata))
            case Accept():
                self._accepted(frame)
            case Trailers() if self._pipe.peer is None or frame.source != self._pipe.peer.instance:
                # A run that was never confirmed is given up.
                pass
            case InitialMetadata() | Message() | Window() | Trailers():
                if self._pipe.stream.receive(kind_of(frame), frame.sequence):
                    self._heard(frame)
            case _:
                raise UnexpectedFrameError(self._pipe.stream.state, kind_of(frame))

    def _heard(self, frame: InitialMetadata | Message | Window | Trailers) -> None:
        if self._server is not None:
            self._carrier.peers.heard(self._server.instance)
        match frame:
            case InitialMetadata():
                self._begun(frame.metadata)
            case Message():
                self._begun(())
                self._within_limit(self._pipe.receive(frame))
            case Window():
                self._pipe.receive(frame)
            case Trailers():
                self._trailers = outcome_said(frame.status, frame.details, frame.metadata)
                self._pipe.complete()
                self._settle()

    def _accepted(self, frame: Accept) -> None:
        peer = self._pipe.peer
        if peer is None and self._pipe.stream.receive(FrameKind.ACCEPT, frame.sequence):
            self._pipe.peer = frame.reply_to
            self._pipe.stream.grant(frame.credit)
            self._server = frame.reply_to.process
            self._carrier.peers.watch(self._server, self.call_id, self._lost)
            self._confirm()
            self._connected()
            self._pipe.wake()
        elif frame.reply_to != peer:
            # The request was delivered again: nobody, nor the same server, must run it too.
            self._carrier.let_go(frame.reply_to, self.call_id)

    def _confirm(self) -> None:
        window = self._pipe.stream.window
        if self._arity.request_streaming:
            self._pipe.send(
                FrameKind.WINDOW, lambda to, number: Window(self.call_id, to, number, window)
            )
        else:
            self._pipe.send(
                FrameKind.HALF_CLOSE, lambda to, number: HalfClose(self.call_id, to, number, window)
            )

    def _begun(self, metadata: Metadata) -> None:
        if self._initial_metadata is None:
            self._initial_metadata = metadata
            self._wake()

    def _let_go(self) -> None:
        if self._pipe.stream.state in (State.IDLE, State.CLOSED):
            return
        self._pipe.stream.cancel()
        if self._pipe.peer is None:
            self._carrier.cancel(self.call_id, self.path)
        else:
            self._carrier.let_go(self._pipe.peer, self.call_id)

    def _within_limit(self, size: int) -> None:
        limit = self._limits.receive
        if size and limit is not None:
            text = larger_than_max("CLIENT", "Received", size, limit)
            self._trailers = Outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            self._let_go()
            self._settle()

    def _settle(self) -> None:
        """Let the status be known once every message was read that came before it."""
        if self._trailers is not None and self._pipe.drained:
            self.finish(self._trailers)

    def _lost(self) -> None:
        text = "the server's process fell silent"
        self.abandon(Outcome(grpc.StatusCode.UNAVAILABLE, text))

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _change(self) -> None:
        waiter = self._loop.create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
