"""A process's producer: what it is given is written later, in order, perhaps twice or never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from grpc_kafka import Health
from grpc_kafka._broker import Report
from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka._kafka._joining import joined
from grpc_kafka._kafka._line import Parcel
from grpc_kafka.protocol import Sendable
from tests.simulation.cluster import Cluster, Log
from tests.simulation.process import Process
from tests.simulation.timeline import Timeline

TIMEOUT = 30.0
"""Seconds after which a record that could not be written is reported as failed."""

_LIMIT = 1_000_000
# How often a batch leaves as real senders that have much to send write it.
_JOINED = 0.5


@dataclass(frozen=True, slots=True)
class Luck:
    """What may become of a batch, as probabilities.

    Attributes:
        twice: it is written twice, as by a producer that tries again.
        unheard: it is written, and reported as failed.
        refused: it is not written.
        torn: one of its records is not written.

    """

    twice: float = 0.0
    unheard: float = 0.0
    refused: float = 0.0
    torn: float = 0.0


class _Waiting(NamedTuple):
    parcel: Parcel
    since: float


class Sender:
    """As `Sender` of the port has it.

    Args:
        reported: told what a process heard of a record: the record, and whether it failed.

    """

    def __init__(
        self,
        timeline: Timeline,
        cluster: Cluster,
        process: Process,
        network: Random,
        luck: Callable[[], Luck],
        *,
        every_report: bool,
        reported: Callable[[str, Sendable, bool], None],
    ) -> None:
        self.timeline = timeline
        self.cluster = cluster
        self.process = process
        self.network = network
        self.luck = luck
        self._every_report = every_report
        self._reported = reported
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._unheard = 0
        self._closing: Callable[[], None] | None = None

    def send(
        self,
        topic: str,
        record: Sendable,
        report: Report,
        *,
        partition: int | None = None,
    ) -> None:
        """Hand a record over."""
        if not self.process.alive:
            return
        size = len(record.key or b"") + len(record.value or b"")
        size += sum(len(name) + len(value or b"") for name, value in record.headers)
        if size > _LIMIT:
            raise RecordTooLargeError(f"the record has {size} bytes, allowed are {_LIMIT}")
        log = self.cluster.log(topic, record.key, partition)
        lane = self._lanes.get((topic, log.number))
        if lane is None:
            lane = self._lanes[topic, log.number] = _Lane(self, log)
        self._unheard += 1
        parcel = Parcel(topic, record, report, log.number)
        lane.add(_Waiting(parcel, self.timeline.now))

    def healthy(self) -> Health:
        """Whether it can send."""
        return Health(ok=True, detail="simulated")

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most so long for what was handed over."""
        if not self._unheard:
            return
        loop = self.process.loop
        done = loop.create_future()

        def end() -> None:
            if not done.done():
                done.set_result(None)

        self._closing = end
        timer = loop.call_later(timeout, end)
        await done
        timer.cancel()

    def fewer(self, count: int) -> None:
        """So many records less are on their way: they share others."""
        self._unheard -= count

    def tell(self, parcel: Parcel, error: BrokerError | None, delay: float) -> None:
        """Let the process hear what became of a record."""

        def heard() -> None:
            self._reported(parcel.topic, parcel.record, error is not None)
            self._unheard -= 1
            if error is not None or self._every_report:
                parcel.report(error)
            if self._closing is not None and not self._unheard:
                self._closing()

        self.timeline.after(delay, lambda: self.process.run(heard))


class _Lane:
    """What goes to one partition, in its order."""

    def __init__(self, sender: Sender, log: Log) -> None:
        self._sender = sender
        self._log = log
        self._waiting: deque[_Waiting] = deque()
        self._going = False

    def add(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        if not self._going:
            self._leave_later()

    def _leave_later(self) -> None:
        sender = self._sender
        self._going = True
        closed = max(self._log.closed_until - sender.timeline.now, 0.0)
        timeout = self._waiting[0].since + TIMEOUT - sender.timeline.now
        delay = min(closed + sender.process.delay(), max(timeout, 0.0) + 0.001)
        sender.timeline.after(delay, self._leave)

    def _leave(self) -> None:
        sender = self._sender
        now = sender.timeline.now
        self._going = False
        if not sender.process.alive:
            self._leave_behind()
            return
        if sender.process.away or self._log.closed_until > now:
            while self._waiting and self._waiting[0].since + TIMEOUT <= now:
                error = BrokerError("Local: Message timed out")
                sender.tell(self._waiting.popleft().parcel, error, 0.0)
        else:
            self._write()
        if self._waiting:
            self._leave_later()

    def _write(self) -> None:
        batch = self._take()
        sender, drawn = self._sender, self._sender.network.random()
        luck = sender.luck()
        error: BrokerError | None = None
        delay = sender.process.delay()
        if drawn < luck.refused:
            error, times = BrokerError("simulated: refused"), 0
        elif drawn < luck.refused + luck.unheard:
            error, times = BrokerError("simulated: the acknowledgement was lost"), 1
            delay += TIMEOUT * sender.network.random()
        else:
            times = 2 if drawn < luck.refused + luck.unheard + luck.twice else 1
        if len(batch) > 1 and sender.network.random() < luck.torn:
            lost = batch[sender.network.randrange(len(batch))]
            batch.remove(lost)
            sender.tell(lost, BrokerError("simulated: refused"), delay)
        for _ in range(times):
            for parcel in batch:
                sender.cluster.append(self._log, parcel.record, sender.process.name)
        for parcel in batch:
            sender.tell(parcel, error, delay)

    def _take(self) -> list[Parcel]:
        """Take what waits; at times answers share records."""
        waiting, self._waiting = self._waiting, deque()
        parcels = [each.parcel for each in waiting]
        if self._sender.network.random() >= _JOINED:
            return parcels
        batch = joined(parcels, parcels.append)
        self._sender.fewer(len(parcels) - len(batch))
        return batch

    def _leave_behind(self) -> None:
        """Write what a killed process had on its way: some of it, from the first on."""
        batch = self._take()
        most = 0 if self._sender.process.silenced else len(batch)
        for parcel in batch[: self._sender.network.randint(0, most)]:
            self._sender.cluster.append(self._log, parcel.record, self._sender.process.name)
