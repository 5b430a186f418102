"""A call as its server holds it: what came, what the handler said, how it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import grpc

from grpc_kafka.aio._intake import Ticket
from grpc_kafka.protocol import Call, FrameKind, Metadata, Response, Role

if TYPE_CHECKING:
    from grpc_kafka.aio._gathering import Whole
    from grpc_kafka.aio._routing import Handler
    from grpc_kafka.aio._server_stream import ServerStream

_LOG = logging.getLogger(__name__)


class Metadatum(NamedTuple):
    """One entry of the metadata that a client sent; unpacks as a pair."""

    key: str
    value: str | bytes


class Ending(Enum):
    """Why a handler was cancelled."""

    CANCELLED = "the client cancelled"
    EXPIRED = "the deadline passed"
    STOPPED = "the server stops"
    MOVED = "another server has the request now"


class Rpc:
    """The state of one call; the handler's context writes it, the server reads it.

    Args:
        whole: the call's first frame, its size, and the deliveries that brought it.

    """

    __slots__ = (
        "_answered",
        "abort_error",
        "callbacks",
        "code",
        "details",
        "due",
        "ending",
        "handler",
        "initial_metadata",
        "invocation_metadata",
        "metadata_sent",
        "moves",
        "over",
        "request",
        "size",
        "stream",
        "task",
        "tickets",
        "trailing_metadata",
    )

    def __init__(self, whole: Whole) -> None:
        self.request = request = whole.request
        self.size = whole.size
        self.tickets = whole.tickets
        self.moves = Call(Role.SERVER)
        self.moves.receive(FrameKind.REQUEST)
        self.invocation_metadata = tuple([Metadatum(*entry) for entry in request.metadata])
        self.initial_metadata: Metadata = ()
        self.trailing_metadata: Metadata = ()
        self.metadata_sent = False
        self.code: grpc.StatusCode | None = None
        self.details = ""
        self.abort_error: grpc.aio.AbortError | None = None
        self.callbacks: list[Callable[[], None]] = []
        self.ending: Ending | None = None
        self.task: asyncio.Task[None] | None = None
        self.due: float | None = None
        self.stream: ServerStream | None = None
        self.handler: Handler | None = None
        self.over = False
        self._answered = False

    @property
    def answered(self) -> bool:
        """Whether its status is decided."""
        return self._answered or self.over

    @property
    def void(self) -> bool:
        """Whether every delivery of it is another server's, now or soon."""
        return bool(self.tickets) and all(ticket.void for ticket in self.tickets)

    @property
    def lost(self) -> bool:
        """Whether every delivery of it is another server's by now."""
        return bool(self.tickets) and all(ticket.lost for ticket in self.tickets)

    def expired(self) -> bool:
        """Whether its deadline is over."""
        return self.request.deadline is not None and self.request.deadline <= time.time()

    def time_remaining(self) -> float | None:
        """Seconds until its deadline, None without one."""
        deadline = self.request.deadline
        return None if deadline is None else max(deadline - time.time(), 0)

    def end(self, ending: Ending) -> None:
        """Cancel its handler; the first reason stays."""
        if self.ending is None and not self.answered:
            self.ending = ending
            if self.stream is not None:
                self.stream.break_off()
            if self.task is not None:
                self.task.cancel()

    def interrupt(self) -> None:
        """Stop waiting for its handler: what it is answered is decided."""
        if self.task is not None and self.ending is None and not self.answered:
            self.task.cancel()

    def expire(self) -> None:
        """Cancel its handler: its deadline is over."""
        self.end(Ending.EXPIRED)

    def answer(self, code: grpc.StatusCode, details: str, message: bytes) -> Response:
        """Its answer; after this it is over."""
        self._answered = True
        self.moves.send(FrameKind.RESPONSE)
        return Response(
            self.request.call_id,
            self.request.reply_to.instance,
            self.initial_metadata,
            code.value[0],
            details,
            self.trailing_metadata,
            message,
        )

    def refuse(self, code: grpc.StatusCode, details: str) -> None:
        """Set the status of a call that no handler runs for."""
        self.code, self.details = code, details

    def settle(self) -> None:
        """Have it delivered to nobody again, though it goes on."""
        self.finish()
        self.tickets.clear()

    def deliver(self, tickets: list[Ticket]) -> None:
        """Take note of one more delivery of it."""
        if self.tickets:
            self.tickets += tickets
            return
        for ticket in tickets:
            ticket.finish()

    def finish(self) -> None:
        """Nothing is left to be done for it: its deliveries need not come again."""
        for ticket in self.tickets:
            ticket.finish()

    def drop(self) -> None:
        """Leave its deliveries to another server."""
        for ticket in self.tickets:
            ticket.drop()

    def tell(self) -> None:
        """Run the callbacks that its handler left."""
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - the application's callback may raise anything
                _LOG.exception("a done callback of %s failed", self.request.path)
