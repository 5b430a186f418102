"""Begins calls as fast as they may run, and ends what was begun."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable

from grpc_kafka._broker import Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka.aio._answers import Answers
from grpc_kafka.aio._deadlines import Deadlines
from grpc_kafka.aio._gathering import Gathering, Whole
from grpc_kafka.aio._intake import Ticket
from grpc_kafka.aio._rpc import Ending, Rpc
from grpc_kafka.protocol import Cancel, Frame, FrameKind, Part, Request, Response

_LOG = logging.getLogger(__name__)


class Dispatcher:
    """The calls of a server.

    Requests past the limit wait here, as many again: behind them their cancellations are read,
    which a queue that is not read would keep.

    Args:
        answer: runs a call's handler; gives None when there is nothing to say any more.
        sender: sends what they say.
        lane: whose inboxes may be answered to.
        limit: how many handlers run at once; answers that wait to be sent again count as well.
        receive_limit: bytes that a request may have; None for no limit.
        throttle: told True to take nothing, and False to go on.
        counters: where dropped requests are counted.

    """

    def __init__(
        self,
        answer: Callable[[Rpc], Awaitable[Response | None]],
        sender: Sender,
        *,
        lane: str,
        limit: int,
        receive_limit: int | None,
        throttle: Callable[[bool], None],
        counters: Counters,
    ) -> None:
        self._answer = answer
        self._answers = Answers(sender, counters, self._go_on)
        self._lane = lane
        self._limit = limit
        self._throttle = throttle
        self._counters = counters
        self._gathering = Gathering(receive_limit, counters)
        self._deadlines = Deadlines()
        self._loop = asyncio.get_running_loop()
        self._running: set[Rpc] = set()
        self._known: dict[bytes, Rpc] = {}
        self._backlog: dict[bytes, Rpc] = {}
        self._throttled = False
        self._beginning = False
        self._closed = False
        self._idle: list[asyncio.Future[None]] = []

    @property
    def running(self) -> int:
        """How many handlers run."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many requests were taken and wait to be begun."""
        return len(self._backlog)

    @property
    def _load(self) -> int:
        return len(self._running) + self._answers.waiting

    def serve(self, frame: Frame, ticket: Ticket) -> None:
        """Take a frame that came through a queue."""
        match frame:
            case Request():
                whole = self._gathering.complete(frame, ticket)
                if whole is not None:
                    self._request(whole)
            case Part():
                self._gathering.add(frame, ticket)
            case Cancel():
                self._gathering.forget(frame.call_id)
                self._cancel(frame.call_id)
                ticket.finish()
            case _:
                self._counters.unexpected += 1
                ticket.finish()

    def drop_void(self) -> None:
        """Leave to other servers what is theirs: what was not begun now, what runs when it went."""
        self._gathering.drop_void()
        for rpc in list(self._backlog.values()):
            if rpc.void:
                del self._backlog[rpc.request.call_id]
                rpc.drop()
        for rpc in [each for each in self._running if each.lost]:
            # It may come back while its handler still ends, and is then to be begun anew.
            self._known.pop(rpc.request.call_id, None)
            if rpc.ending is None:
                self._counters.moved += 1
            rpc.end(Ending.MOVED)
        self._go_on()

    def close(self) -> None:
        """Begin nothing more; what waits to be begun stays in the queue, uncommitted."""
        self._closed = True
        self._answers.close()
        self._gathering.close()
        for rpc in self._backlog.values():
            rpc.drop()
        self._backlog.clear()

    async def idle(self) -> None:
        """Wait until no handler runs."""
        if self._running:
            idle = self._loop.create_future()
            self._idle.append(idle)
            await idle

    def stop_all(self) -> None:
        """Cancel every handler; their requests stay in the queue, uncommitted."""
        for rpc in list(self._running):
            rpc.end(Ending.STOPPED)

    def _request(self, whole: Whole) -> None:
        frame = whole.request
        known = self._known.get(frame.call_id) or self._backlog.get(frame.call_id)
        if known is not None:
            # Delivered again while it is worked on: one answer is for all deliveries.
            known.moves.receive(FrameKind.REQUEST)
            self._counters.stale += 1
            known.deliver(whole.tickets)
        elif self._closed:
            for ticket in whole.tickets:
                ticket.drop()
        elif not frame.reply_to.is_inbox_of(self._lane):
            self._counters.unexpected += 1
            if is_worth_a_line(self._counters.unexpected):
                _LOG.warning("a request asks for its answer at %s; dropped", frame.reply_to)
            for ticket in whole.tickets:
                ticket.finish()
        else:
            self._admit(Rpc(whole))

    def _admit(self, rpc: Rpc) -> None:
        if self._load < self._limit:
            self._begin(rpc)
            return
        self._backlog[rpc.request.call_id] = rpc
        if len(self._backlog) >= self._limit and not self._throttled:
            self._throttled = True
            self._throttle(True)

    def _begin(self, rpc: Rpc) -> None:
        deadline = rpc.request.deadline
        left = None if deadline is None else deadline - time.time()
        if left is not None and left <= 0:
            self._counters.expired += 1
            rpc.finish()
            return
        self._running.add(rpc)
        self._known[rpc.request.call_id] = rpc
        # The handler begins at once and in an empty context, as grpc.aio promises interceptors.
        rpc.task = asyncio.Task(
            self._run(rpc), loop=self._loop, context=contextvars.Context(), eager_start=True
        )
        if left is not None and not rpc.task.done():
            rpc.due = self._loop.time() + left
            self._deadlines.add(rpc, rpc.due)

    async def _run(self, rpc: Rpc) -> None:
        answer: Response | None = None
        try:
            answer = await self._answer(rpc)
        finally:
            self._ended(rpc, answer)

    def _ended(self, rpc: Rpc, answer: Response | None) -> None:
        self._running.discard(rpc)
        if self._known.get(rpc.request.call_id) is rpc:
            del self._known[rpc.request.call_id]
        if rpc.due is not None:
            self._deadlines.remove(rpc, rpc.due)
        if answer is not None:
            self._answers.send(rpc, answer)
        elif rpc.ending in (Ending.CANCELLED, Ending.EXPIRED):
            rpc.finish()
        if rpc.callbacks:
            rpc.tell()
        self._go_on()

    def _begin_waiting(self) -> None:
        if self._beginning:
            # A handler that ended without waiting for anything: the loop below goes on.
            return
        self._beginning = True
        while self._backlog and self._load < self._limit:
            self._begin(self._backlog.pop(next(iter(self._backlog))))
        self._beginning = False

    def _cancel(self, call_id: bytes) -> None:
        waiting = self._backlog.pop(call_id, None)
        if waiting is not None:
            self._counters.cancelled += 1
            waiting.finish()
            return
        rpc = self._known.get(call_id)
        if rpc is None:
            self._counters.stale += 1
        else:
            rpc.moves.receive(FrameKind.CANCEL)
            rpc.end(Ending.CANCELLED)

    def _go_on(self) -> None:
        if self._backlog:
            self._begin_waiting()
        if self._throttled and len(self._backlog) * 2 <= self._limit and not self._closed:
            self._throttled = False
            self._throttle(False)
        if self._idle and not self._running:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                if not idle.done():
                    idle.set_result(None)
