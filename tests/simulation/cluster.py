"""The brokers: logs that only grow, who reads them, and when they cannot be reached."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from grpc_kafka._broker import Record
from grpc_kafka.protocol import Sendable
from tests.simulation.process import Process
from tests.simulation.timeline import Timeline

PARTITIONS = {"queue": 4, "inbox": 2, "dead-letter": 1}

type Appended = Callable[[Record, str], None]
type Arrived = Callable[[Process, Sequence[Record]], None]


class Log:
    """A partition.

    Attributes:
        records: all that was ever written, by offset.
        readers: who reads it.
        closed_until: when it can be written to and read again.

    """

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.records: list[Record] = []
        self.readers: list[Cursor] = []
        self.closed_until = 0.0


class Cursor:
    """A process's place in a log; what follows it is on its way as soon as it is there.

    Args:
        process: who reads.
        log: what.
        position: from where.
        receive: takes the records, called on the process's loop.

    Attributes:
        paused: whether nothing more is to be fetched.

    """

    def __init__(
        self,
        cluster: Cluster,
        process: Process,
        log: Log,
        position: int,
        receive: Callable[[Sequence[Record]], None],
    ) -> None:
        self.paused = False
        self._timeline = cluster.timeline
        self._arrived = cluster.arrived
        self._process = process
        self._log = log
        self._position = position
        self._receive = receive
        self._coming = False
        self._open = True
        log.readers.append(self)
        self.wake()

    def wake(self) -> None:
        """Fetch what there is."""
        if self._coming or self.paused or not self._open or not self._process.alive:
            return
        if self._position < len(self._log.records):
            self._coming = True
            closed = max(self._log.closed_until - self._timeline.now, 0.0)
            self._timeline.after(closed + self._process.delay(), self._arrive)

    def close(self) -> None:
        """Read no more."""
        if self._open:
            self._open = False
            self._log.readers.remove(self)

    def _arrive(self) -> None:
        self._coming = False
        if not self._open or not self._process.alive:
            return
        if self._process.away:
            # The link went down while it was on its way.
            self.wake()
            return
        batch = self._log.records[self._position :]
        self._position += len(batch)
        self._arrived(self._process, batch)
        self._process.run(self._receive, batch)


class Cluster:
    """All topics.

    Args:
        appended: told of every record that is written, and by whom.
        arrived: told what a process is handed.

    Attributes:
        topics: their partitions by name; a topic is made when it is named.

    """

    def __init__(self, timeline: Timeline, appended: Appended, arrived: Arrived) -> None:
        self.topics: dict[str, list[Log]] = {}
        self.timeline = timeline
        self.arrived = arrived
        self._appended = appended

    def topic(self, name: str) -> list[Log]:
        """The partitions of a topic."""
        logs = self.topics.get(name)
        if logs is None:
            kind = name.rpartition(".")[2]
            count = PARTITIONS.get(kind, PARTITIONS["queue"])
            logs = self.topics[name] = [Log(name, number) for number in range(count)]
        return logs

    def log(self, topic: str, key: bytes | None, partition: int | None) -> Log:
        """The partition that a record goes to."""
        logs = self.topic(topic)
        return logs[zlib.crc32(key or b"") % len(logs) if partition is None else partition]

    def append(self, log: Log, record: Sendable, writer: str) -> None:
        """Write a record."""
        offset = len(log.records)
        written = Record(log.topic, log.number, offset, record.key, record.headers, record.value)
        log.records.append(written)
        self._appended(written, writer)
        for reader in log.readers:
            reader.wake()

    def close(self, logs: Sequence[Log], seconds: float) -> None:
        """Let these partitions be unavailable for a while."""
        for log in logs:
            log.closed_until = max(log.closed_until, self.timeline.now + seconds)

    def heal(self) -> None:
        """Let everything be available."""
        for logs in self.topics.values():
            for log in logs:
                log.closed_until = 0.0
