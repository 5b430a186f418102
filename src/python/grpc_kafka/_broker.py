"""The port: all that channels and servers want of a broker.

Two stand behind it, `grpc_kafka._kafka` and `grpc_kafka.testing.InMemoryBroker`. Everything
here is called on one event loop and calls back on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError
from grpc_kafka.protocol import Headers, Plan, Sendable


class Record(NamedTuple):
    """A record as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Headers | None
    value: bytes | None


type Receive = Callable[[Sequence[Record]], None]
"""Takes records in the order of their partitions, as many as there are."""

type Report = Callable[[BrokerError | None], None]
"""Told once what became of a sent record: None when the brokers acknowledged it."""


class Sender(Protocol):
    """Sends records; those of one key keep their order."""

    def send(
        self,
        topic: str,
        record: Sendable,
        report: Report,
        *,
        partition: int | None = None,
    ) -> None:
        """Hand a record over; without a partition its key decides.

        Raises:
            BrokerError: it was refused at once, and `report` will not be called.
        """

    def healthy(self) -> Health:
        """Whether it can send."""

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most `timeout` seconds for what was handed over, then let go."""


class Inbox(Protocol):
    """A partition read from the position that it had when the inbox was opened."""

    @property
    def partition(self) -> int:
        """The partition that is read."""

    def healthy(self) -> Health:
        """Whether records would arrive."""

    async def close(self) -> None:
        """Stop reading."""


class QueueReader(Protocol):
    """What a queue tells the one who reads it."""

    def suspect(self, partition: int, plan: Plan) -> None:
        """Take note that others vanished with this partition: what comes may have come before.

        Told before any of its records; not told of partitions that nobody vanished with.
        """

    def receive(self, records: Sequence[Record]) -> None:
        """Take records of partitions that this reader has."""

    def leave(self, partitions: Collection[int], left: Callable[[], None]) -> None:
        """Begin nothing more of these partitions; call `left` when nothing of them is under way.

        They are about to be another member's, who gets what is not committed by then.
        """

    def forget(self, partitions: Collection[int]) -> None:
        """Another member has these partitions now, and got what was not committed."""


class Queue(Protocol):
    """A membership in the group that reads a queue's topic."""

    def commit(self, partition: int, position: int) -> None:
        """Everything before the position is done with; nothing happens when it was revoked."""

    def mark(self, partition: int, mark: str, marked: Callable[[], None]) -> None:
        """Write a mark beside the committed position; see `protocol.Plan`.

        `marked` is called, later, when the brokers have it, or when they do not take it: then
        the next owner suspects less than it could.
        """

    def hold(self, partition: int) -> None:
        """Take nothing of this partition until `release`; what was taken may still arrive."""

    def release(self, partition: int) -> None:
        """Go on taking of it."""

    def pause(self) -> None:
        """Take nothing until `resume`; what was taken already may still arrive."""

    def resume(self) -> None:
        """Go on taking."""

    def lag(self) -> int | None:
        """Records of its partitions that it has not taken, lately; None while unknown."""

    def healthy(self) -> Health:
        """Whether records would arrive."""

    async def close(self) -> None:
        """Commit what `commit` was told, and leave the group."""


class Lookout(Protocol):
    """Sees who reads queues; never on the way of a call that waits for a server."""

    async def served(self, queue: str) -> bool:
        """Whether a process reads the queue, or is about to.

        One that was killed is seen until the brokers miss it.

        Raises:
            BrokerError: it cannot be told now.
        """

    async def close(self) -> None:
        """Look no more."""


class Broker(Protocol):
    """Opens what a channel and a server need."""

    def sender(self, endpoint: Endpoint, *, every_report: bool) -> Sender:
        """A sender; without `every_report` only failures are reported.

        Raises:
            BrokerError: the endpoint's settings are not valid.
        """

    async def open_inbox(self, endpoint: Endpoint, topic: str, receive: Receive) -> Inbox:
        """Read one of the topic's partitions from its end on.

        Raises:
            BrokerError: the topic does not exist, or no broker answered in time.
        """

    def open_queue(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> Queue:
        """Join the group of the topic's name and read what it is assigned.

        Returns at once; joining, and joining again after a failure, goes on by itself.

        Raises:
            BrokerError: the endpoint's settings are not valid.
        """

    def lookout(self, endpoint: Endpoint) -> Lookout:
        """See who reads queues; asks nothing before it is asked itself."""
