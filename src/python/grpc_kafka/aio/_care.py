"""Requests of a partition that brought servers down, run one at a time to find which it was."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from grpc_kafka._broker import Record
from grpc_kafka.aio._dead_letters import DeadLetters, Delivery
from grpc_kafka.protocol import SUSPICIOUS, FrameKind, Plan

if TYPE_CHECKING:
    from grpc_kafka.aio._intake import Intake

_LOG = logging.getLogger(__name__)
PATIENCE = 30.0
"""Seconds that a request is run alone; one that lasts longer holds up nobody any more."""
# So many records are read ahead, to find the cancellations among them.
_AHEAD = 200
_PART, _REQUEST, _CANCEL = (
    kind.encode() for kind in (FrameKind.PART, FrameKind.REQUEST, FrameKind.CANCEL)
)


class Turns:
    """One suspect at a time, of all queues and partitions of a server."""

    def __init__(self) -> None:
        self._waiting: deque[Care] = deque()
        self._has: Care | None = None

    def ask(self, care: Care) -> None:
        """Have it begin, now or when it is its turn."""
        self._waiting.append(care)
        self._next()

    def give_back(self, care: Care) -> None:
        """It is done, or wants no turn any more."""
        if self._has is care:
            self._has = None
        elif care in self._waiting:
            self._waiting.remove(care)
        self._next()

    def _next(self) -> None:
        while self._has is None and self._waiting:
            self._has = self._waiting.popleft()
            self._has.begin()


class Care:
    """A partition under suspicion, until what was there at its beginning is through.

    A request is begun when the brokers have the mark that says so, and until it is finished no
    other is. Its parts are kept for it. What runs nothing (a cancellation, garbage) needs no mark.

    Args:
        intake: serves what is let through.
        partition: which.
        plan: what is suspected.
        turns: shared by all of a server.
        letters: where the request goes that did it.

    """

    def __init__(
        self, intake: Intake, partition: int, plan: Plan, turns: Turns, letters: DeadLetters
    ) -> None:
        self._intake = intake
        self._partition = partition
        self._plan = plan
        self._turns = turns
        self._letters = letters
        self._held: deque[Record] = deque()
        self._parts: dict[bytes | None, list[Delivery]] = {}
        self._running: Record | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Busy: the next request is being run, or asks for its turn.
        self._busy = self._has_turn = self._holding = self._over = False

    def receive(self, record: Record) -> None:
        """Take a record of the partition."""
        if self._over:
            return
        self._held.append(record)
        self._foretell(record)
        self._go_on()

    def begin(self) -> None:
        """It is this partition's turn, until it has no request at hand."""
        self._has_turn = True
        self._begin_next()

    def _begin_next(self) -> None:
        offset = self._held[0].offset
        if self._plan.accuses(offset):
            self._set_aside()
        else:
            self._intake.queue.mark(self._partition, self._plan.alone(offset), self._marked)

    def closed(self, offset: int) -> None:
        """A record is finished; when it was the one that ran alone, the next one may."""
        if self._running is not None and self._running.offset == offset and not self._over:
            record, self._running = self._running, None
            self._busy = False
            self._stop_timer()
            self._end_behind(record)
            self._go_on()

    def stop(self) -> None:
        """Begin nothing more: what is held is another member's."""
        if not self._over:
            self._over = True
            self._held.clear()
            self._stop_timer()
            self._turns.give_back(self)
            self._release()
            for delivery in self._take_parts():
                delivery.ticket.drop()

    def _go_on(self) -> None:
        while self._held and not self._busy and not self._over:
            record = self._held[0]
            if record.offset >= self._plan.until:
                self._end()
            elif _kind_of(record) == _REQUEST:
                self._busy = True
                if self._has_turn:
                    self._begin_next()
                else:
                    self._turns.ask(self)
            else:
                self._pass(self._held.popleft())
        if self._has_turn and not self._busy and not self._over:
            self._rest()
        self._read_ahead()

    def _rest(self) -> None:
        """Leave the turn to others, when nobody is to be blamed here for what they run."""
        self._busy = True
        self._intake.queue.mark(self._partition, SUSPICIOUS, self._rested)

    def _rested(self) -> None:
        if not self._over:
            self._busy = self._has_turn = False
            self._turns.give_back(self)
            self._go_on()

    def _pass(self, record: Record) -> None:
        kind = _kind_of(record)
        ticket = self._intake.take(record)
        if kind == _PART:
            self._parts.setdefault(record.key, []).append(Delivery(record, ticket))
        else:
            if kind == _CANCEL:
                self._serve(self._parts.pop(record.key, []))
            self._intake.serve(record, ticket)
        self._end_behind(record)

    def _marked(self) -> None:
        if not self._over:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._end)
            self._serve(self._next_request())
            for record in list(self._held):
                self._foretell(record)

    def _set_aside(self) -> None:
        said = f"it brought its server down {self._plan.strikes} times when it was run alone"
        deliveries = self._next_request()
        record = deliveries[-1].record
        _LOG.error("%s/%d at %d is set aside: %s", *record[:3], said)
        for delivery in deliveries:
            self._letters.bury(delivery, said)

    def _next_request(self) -> list[Delivery]:
        """The request whose turn it is, behind its parts."""
        self._running = record = self._held.popleft()
        return [*self._parts.pop(record.key, ()), Delivery(record, self._intake.take(record))]

    def _foretell(self, record: Record) -> None:
        """Have a cancellation take effect now; it is finished when its own turn comes."""
        running = self._running
        if running is not None and record.key == running.key and _kind_of(record) == _CANCEL:
            self._intake.foretell(record)

    def _end_behind(self, record: Record) -> None:
        if record.offset + 1 >= self._plan.until:
            self._end()

    def _end(self) -> None:
        """Suspect nothing any more."""
        if not self._over:
            self._over = True
            self._stop_timer()
            self._release()
            self._intake.calm(self._partition, lambda: self._turns.give_back(self))
            self._serve(self._take_parts())
            self._intake.receive(self._held)

    def _serve(self, deliveries: list[Delivery]) -> None:
        for record, ticket in deliveries:
            self._intake.serve(record, ticket)

    def _take_parts(self) -> list[Delivery]:
        parts = [delivery for each in self._parts.values() for delivery in each]
        self._parts.clear()
        return sorted(parts, key=lambda delivery: delivery.record.offset)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _read_ahead(self) -> None:
        if len(self._held) >= _AHEAD and not self._holding and not self._over:
            self._holding = True
            self._intake.queue.hold(self._partition)
        elif len(self._held) * 2 <= _AHEAD:
            self._release()

    def _release(self) -> None:
        if self._holding:
            self._holding = False
            self._intake.queue.release(self._partition)


def _kind_of(record: Record) -> bytes | None:
    """The kind of frame that a record claims to be."""
    headers = record.headers or ()
    return headers[1][1] if len(headers) > 1 and headers[1][0] == ":frame" else None
