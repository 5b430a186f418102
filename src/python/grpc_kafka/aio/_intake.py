"""One queue of a server: records in, frames on, positions committed in their order.

Records that are no frames are set aside; partitions that brought servers down are read with care.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from grpc_kafka._broker import Queue, Record
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka.aio._care import Care, Turns
from grpc_kafka.aio._dead_letters import DeadLetters, Delivery
from grpc_kafka.protocol import CALM, Frame, MalformedRecordError, Plan, Request, Watermark, decode

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Ticket:
    """One delivery of a record; its holder finishes it when nothing is left to be done."""

    intake: Intake
    watermark: Watermark
    partition: int
    offset: int

    def finish(self) -> None:
        """The record need not be delivered again."""
        self.intake.finish(self)

    def drop(self) -> None:
        """Leave the record to the member that has its partition next."""
        self.intake.drop(self)

    @property
    def void(self) -> bool:
        """Whether the record is another member's, now or soon."""
        return not self.intake.keeps(self)

    @property
    def lost(self) -> bool:
        """Whether the record is another member's by now."""
        return not self.intake.holds(self)


class Intake:
    """Reads a queue for a server.

    Args:
        serve: takes each frame, with the ticket of its delivery.
        voided: told that tickets became void.
        counters: where records that are no frames are counted.
        letters: where they go.
        turns: of all that is read with care, in this queue and others of the server.

    """

    def __init__(
        self,
        serve: Callable[[Frame, Ticket], None],
        voided: Callable[[], None],
        counters: Counters,
        *,
        letters: DeadLetters,
        turns: Turns,
    ) -> None:
        self._serve = serve
        self._voided = voided
        self._counters = counters
        self._letters = letters
        self._turns = turns
        self._queue: Queue | None = None
        self._cares: dict[int, Care] = {}
        # Up to which offset requests may have come before; empty save after a crash.
        self._again: dict[int, int] = {}
        self._watermarks: dict[int, Watermark] = {}
        self._open: Counter[int] = Counter()
        self._leaving: list[tuple[set[int], Callable[[], None]]] = []

    def attach(self, queue: Queue) -> None:
        """Commit to this queue."""
        self._queue = queue

    @property
    def queue(self) -> Queue:
        """The queue that is read.

        Raises:
            RuntimeError: it is not attached yet; nothing can have come from it.
        """
        if self._queue is None:
            raise RuntimeError("no queue is attached")
        return self._queue

    def suspect(self, partition: int, plan: Plan) -> None:
        """Take note that others vanished with it; read it with care, if the plan says so."""
        self._stop_care(partition)
        self._again[partition] = plan.again
        if plan.until:
            self._cares[partition] = Care(self, partition, plan, self._turns, self._letters)

    def receive(self, records: Iterable[Record]) -> None:
        """Serve each record; one that is no frame is set aside."""
        if not self._cares:
            for record in records:
                self.serve(record, self.take(record))
            return
        for record in records:
            care = self._cares.get(record.partition)
            if care is None:
                self.serve(record, self.take(record))
            else:
                care.receive(record)

    def serve(self, record: Record, ticket: Ticket) -> None:
        """Serve a record that was taken."""
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError as error:
            self._refuse(record, error)
            self._letters.bury(Delivery(record, ticket), error.reason)
        else:
            if self._again and isinstance(frame, Request):
                self._count_again(record)
            self._serve(frame, ticket)

    def foretell(self, record: Record) -> None:
        """Serve a cancellation ahead of its turn, when it will come again."""
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError:
            return
        # Of a watermark that is nobody's: to finish it moves nothing.
        self._serve(frame, Ticket(self, Watermark(), record.partition, record.offset))

    def calm(self, partition: int, calmed: Callable[[], None]) -> None:
        """Suspect nothing of this partition any more; call `calmed` when the brokers know."""
        del self._cares[partition]
        self.queue.mark(partition, CALM, calmed)

    def leave(self, partitions: Collection[int], left: Callable[[], None]) -> None:
        """Begin nothing more of these partitions; call `left` when nothing is under way."""
        for partition in partitions:
            if partition in self._cares:
                self._cares[partition].stop()
        self._leaving.append((set(partitions), left))
        self._voided()
        self._let_go()

    async def released(self) -> None:
        """Begin nothing more, and wait until nothing is under way."""
        released = asyncio.Event()
        self.leave(list(self._open), released.set)
        await released.wait()

    def forget(self, partitions: Collection[int]) -> None:
        """Forget partitions that another member has now."""
        for partition in partitions:
            self._stop_care(partition)
            self._again.pop(partition, None)
            self._watermarks.pop(partition, None)
            self._open.pop(partition, None)
        self._leaving = [each for each in self._leaving if not each[0] <= set(partitions)]
        self._voided()

    def holds(self, ticket: Ticket) -> bool:
        """Whether a ticket's partition is here, and was so since its delivery."""
        return self._watermarks.get(ticket.partition) is ticket.watermark

    def keeps(self, ticket: Ticket) -> bool:
        """Whether it is here to stay, too."""
        leaving = any(ticket.partition in partitions for partitions, _ in self._leaving)
        return self.holds(ticket) and not leaving

    def finish(self, ticket: Ticket) -> None:
        """Commit as far as everything is finished."""
        partition = ticket.partition
        if self._watermarks.get(partition) is ticket.watermark and self._queue is not None:
            position = ticket.watermark.finish(ticket.offset)
            if position is not None:
                self._queue.commit(partition, position)
            self._close(ticket)
            if self._cares and partition in self._cares:
                self._cares[partition].closed(ticket.offset)

    def drop(self, ticket: Ticket) -> None:
        """Leave a record uncommitted: it is another member's."""
        if self.holds(ticket):
            self._close(ticket)
            if ticket.partition in self._cares:
                # The server stops, or the partition is about to leave.
                self._cares[ticket.partition].stop()

    def _count_again(self, record: Record) -> None:
        until = self._again.get(record.partition)
        if until is not None and record.offset < until:
            self._counters.redelivered += 1
        elif until is not None:
            del self._again[record.partition]

    def _stop_care(self, partition: int) -> None:
        care = self._cares.pop(partition, None)
        if care is not None:
            care.stop()

    def _close(self, ticket: Ticket) -> None:
        self._open[ticket.partition] -= 1
        if self._leaving:
            self._let_go()

    def _let_go(self) -> None:
        for partitions, left in self._leaving:
            if not any(self._open[partition] for partition in partitions):
                left()

    def _refuse(self, record: Record, error: MalformedRecordError) -> None:
        self._counters.malformed += 1
        count = self._counters.malformed
        if is_worth_a_line(count):
            place = f"{record.topic}/{record.partition} at {record.offset}"
            said = "%s: no frame of this protocol: %s; it is set aside (%d so far)"
            _LOG.warning(said, place, error.reason, count)

    def take(self, record: Record) -> Ticket:
        """Take note of a record's delivery."""
        partition, offset = record.partition, record.offset
        watermark = self._watermarks.get(partition)
        if watermark is None or not watermark.take(offset):
            # It is new here, or went back without a word: what was taken before is void.
            watermark = self._watermarks[partition] = Watermark()
            watermark.take(offset)
            self._open[partition] = 0
        self._open[partition] += 1
        return Ticket(self, watermark, partition, offset)
