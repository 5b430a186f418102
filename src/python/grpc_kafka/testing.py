"""A broker in memory, for quick tests of channels, servers and what stands on them.

It keeps what the transport relies on: partitions, groups that share a topic's partitions,
committed offsets and the marks beside them, redelivery of what a vanished member did not commit.
All of it happens in the event loop, in the order of the calls, so a test sees the same every time.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Collection, Sequence

from grpc_kafka._broker import QueueReader, Receive, Record, Report
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError, RecordTooLargeError, UnknownTopicError
from grpc_kafka._pausing import Pausing
from grpc_kafka.protocol import Sendable, Standing, decide

__all__ = ["InMemoryBroker", "Member"]

_RECORD_LIMIT = 1_000_000


class InMemoryBroker:
    """Topics that appear when named, each with the same number of partitions.

    Pass one broker to every `aio.channel` and `aio.server` that should reach each other.

    Args:
        partitions: how many partitions every topic has.

    """

    def __init__(self, *, partitions: int = 4) -> None:
        if partitions < 1:
            raise ValueError(f"a topic has at least one partition, not {partitions}")
        self._partitions = partitions
        self._topics: dict[str, list[_Partition]] = {}
        self._groups: dict[str, _Group] = {}
        self._inboxes = 0
        self._failures: dict[str | None, BrokerError | None] = {}
        self._blindness: BrokerError | None = None

    def records(self, topic: str) -> list[Record]:
        """Every record that the topic ever got, partition by partition."""
        return [record for partition in self._topic(topic) for record in partition.log]

    def committed(self, topic: str) -> dict[int, int]:
        """The committed position of each partition of a queue that has one."""
        return dict(self._group(topic).committed)

    def marks(self, topic: str) -> dict[int, str]:
        """What is written beside the committed positions of a queue."""
        return dict(self._group(topic).marks)

    def members(self, topic: str) -> list[Member]:
        """Who reads a queue, in the order in which they joined."""
        return list(self._group(topic).members)

    def fail_sends(self, error: BrokerError | None, *, topic: str | None = None) -> None:
        """Let every record (or each for one topic) fail with the error, until told None."""
        self._failures[topic] = error

    def fail_looks(self, error: BrokerError | None) -> None:
        """Let nobody see who reads queues, until told None."""
        self._blindness = error

    def publish(self, topic: str, record: Sendable, *, partition: int | None = None) -> None:
        """Append a record, as a sender would: also one that is no frame at all."""
        partitions = self._topic(topic)
        place = zlib.crc32(record.key or b"") % len(partitions) if partition is None else partition
        partitions[place].append(record)

    def sender(self, endpoint: Endpoint, *, every_report: bool) -> _Sender:
        """A sender, as `Broker` has it."""
        limit = int(endpoint.kafka.get("message.max.bytes", _RECORD_LIMIT))
        return _Sender(self, limit=limit, every_report=every_report)

    async def open_inbox(
        self,
        endpoint: Endpoint,  # noqa: ARG002 - this broker is one cluster
        topic: str,
        receive: Receive,
    ) -> _Inbox:
        """An inbox, as `Broker` has it; partitions are given out in turn."""
        partitions = self._topic(topic)
        partition = self._inboxes % len(partitions)
        self._inboxes += 1
        return _Inbox(partitions[partition], receive)

    def open_queue(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> Member:
        """A membership, as `Broker` has it."""
        return self._group(topic).join(endpoint, reader)

    def lookout(self, endpoint: Endpoint) -> _Lookout:  # noqa: ARG002 - as in `open_inbox`
        """A view of groups, as `Broker` has it."""
        return _Lookout(self)

    def _served(self, queue: str) -> bool:
        if self._blindness is not None:
            raise self._blindness
        return any(member.partitions for member in self.members(queue))

    def _group(self, topic: str) -> _Group:
        if topic not in self._groups:
            self._groups[topic] = _Group(self._topic(topic))
        return self._groups[topic]

    def _topic(self, name: str) -> list[_Partition]:
        if name not in self._topics:
            self._topics[name] = [_Partition(name, n) for n in range(self._partitions)]
        return self._topics[name]

    def _send(self, topic: str, record: Sendable, partition: int | None) -> BrokerError | None:
        failure = self._failures.get(None) or self._failures.get(topic)
        if failure is None and partition is not None and partition >= self._partitions:
            failure = UnknownTopicError(f"{topic} has no partition {partition}")
        if failure is None:
            self.publish(topic, record, partition=partition)
        return failure


class _Partition:
    """A log, and who wants to know that it grew."""

    def __init__(self, topic: str, number: int) -> None:
        self.topic = topic
        self.number = number
        self.log: list[Record] = []
        self.watchers: list[Callable[[], None]] = []

    def append(self, record: Sendable) -> None:
        self.log.append(
            Record(self.topic, self.number, len(self.log), record.key, record.headers, record.value)
        )
        for watcher in self.watchers:
            watcher()


class _Cursor:
    """A position in a partition; hands on what follows it, one batch for a turn of the loop."""

    def __init__(self, partition: _Partition, position: int, receive: Receive) -> None:
        self.partition = partition
        self._position = position
        self._receive = receive
        self._scheduled = False
        self._open = True
        self._paused = False
        partition.watchers.append(self.wake)

    @property
    def behind(self) -> int:
        return len(self.partition.log) - self._position

    def wake(self) -> None:
        if self.behind and self._open and not self._paused and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        if self._open and not self._paused:
            batch = self.partition.log[self._position :]
            self._position += len(batch)
            self._receive(batch)

    def pause(self, paused: bool) -> None:
        self._paused = paused
        self.wake()

    def close(self) -> None:
        self._open = False
        self.partition.watchers.remove(self.wake)


class _Sender:
    def __init__(self, broker: InMemoryBroker, *, limit: int, every_report: bool) -> None:
        self._broker = broker
        self._limit = limit
        self._every_report = every_report

    def send(
        self,
        topic: str,
        record: Sendable,
        report: Report,
        *,
        partition: int | None = None,
    ) -> None:
        size = len(record.key or b"") + len(record.value or b"")
        size += sum(len(name) + len(value or b"") for name, value in record.headers)
        if size > self._limit:
            raise RecordTooLargeError(f"the record has {size} bytes, allowed are {self._limit}")
        error = self._broker._send(topic, record, partition)
        if error is not None or self._every_report:
            asyncio.get_running_loop().call_soon(report, error)

    def healthy(self) -> Health:
        return Health(ok=True, detail="in memory")

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Nothing waits to be sent: all was appended at once."""


class _Inbox:
    def __init__(self, partition: _Partition, receive: Receive) -> None:
        self.partition = partition.number
        self._cursor = _Cursor(partition, len(partition.log), receive)

    def healthy(self) -> Health:
        return Health(ok=True, detail="in memory")

    async def close(self) -> None:
        self._cursor.close()


class _Lookout:
    def __init__(self, broker: InMemoryBroker) -> None:
        self._broker = broker

    async def served(self, queue: str) -> bool:
        await asyncio.sleep(0)
        return self._broker._served(queue)

    async def close(self) -> None:
        """Nothing is held."""


class Member(Pausing):
    """One who reads a queue; `vanish` is its kill -9."""

    def __init__(self, group: _Group, application: str, reader: QueueReader) -> None:
        super().__init__()
        self.application = application
        self._group = group
        self._reader = reader
        self._cursors: dict[int, _Cursor] = {}
        self._standings: dict[int, Standing] = {}

    @property
    def partitions(self) -> list[int]:
        """The partitions that it has now."""
        return sorted(self._cursors)

    def vanish(self) -> None:
        """Be gone without a word: others get its partitions and all that was not committed."""
        self._drop(self.partitions)
        self._group.leave(self)

    def ask_to_leave(self, left: Callable[[], None]) -> None:
        """Tell its reader that all its partitions are about to be another member's."""
        self._reader.leave(self.partitions, left)

    def commit(self, partition: int, position: int) -> None:
        """As `Queue` has it."""
        if partition in self._cursors:
            self._standings[partition].move(position)
            self._write(partition)

    def mark(self, partition: int, mark: str, marked: Callable[[], None]) -> None:
        """As `Queue` has it."""
        if partition in self._cursors:
            self._standings[partition].write(mark)
            self._write(partition)
        asyncio.get_running_loop().call_soon(marked)

    def lag(self) -> int:
        """As `Queue` has it."""
        return sum(cursor.behind for cursor in self._cursors.values())

    def healthy(self) -> Health:
        """As `Queue` has it."""
        return Health(ok=True, detail="in memory")

    async def close(self) -> None:
        """As `Queue` has it."""
        self._leave(self.partitions)
        self._group.leave(self)

    def keep_only(self, partitions: Sequence[_Partition]) -> None:
        """Leave all partitions but these."""
        wanted = {partition.number for partition in partitions}
        lost = [number for number in self._cursors if number not in wanted]
        self._leave(lost)
        if lost:
            self._reader.forget(lost)

    def take(self, partitions: Sequence[_Partition]) -> None:
        """Take over those of the partitions that it has not."""
        for partition in partitions:
            if partition.number not in self._cursors:
                self._take(partition)

    def _take(self, partition: _Partition) -> None:
        number = partition.number
        position = self._group.committed.get(number, 0)
        plan = decide(self._group.marks.get(number), position, len(partition.log))
        self._standings[number] = Standing(plan, position)
        self._write(number)
        if plan.again:
            self._reader.suspect(number, plan)
        self._cursors[number] = _Cursor(partition, position, self._reader.receive)
        self._pause()

    def _write(self, partition: int) -> None:
        standing = self._standings[partition]
        self._group.committed[partition] = standing.position
        self._group.marks[partition] = standing.mark

    def _leave(self, partitions: Collection[int]) -> None:
        for number in partitions:
            if number in self._cursors:
                self._standings[number].leave()
                self._write(number)
        self._drop(partitions)

    def _drop(self, partitions: Collection[int]) -> None:
        for number in partitions:
            cursor = self._cursors.pop(number, None)
            if cursor is not None:
                cursor.close()

    def _pause(self) -> None:
        for number, cursor in self._cursors.items():
            cursor.pause(self._stands(number))


class _Group:
    """Members that share a topic's partitions in turn, and what they committed."""

    def __init__(self, partitions: list[_Partition]) -> None:
        self.committed: dict[int, int] = {}
        self.marks: dict[int, str] = {}
        self.members: list[Member] = []
        self._partitions = partitions

    def join(self, endpoint: Endpoint, reader: QueueReader) -> Member:
        member = Member(self, endpoint.application, reader)
        self.members.append(member)
        self._share_out()
        return member

    def leave(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
            self._share_out()

    def _share_out(self) -> None:
        count = len(self.members)
        shares = [self._partitions[turn::count] for turn in range(count)]
        # Nobody takes what another one has not left.
        for member, share in zip(self.members, shares, strict=True):
            member.keep_only(share)
        for member, share in zip(self.members, shares, strict=True):
            member.take(share)
