"""What a simulated process has for a broker: `Broker` of the port."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from grpc_kafka import Endpoint, Health
from grpc_kafka._broker import QueueReader, Receive
from grpc_kafka._errors import BrokerError
from grpc_kafka.protocol import Sendable
from tests.simulation.cluster import Cluster, Cursor
from tests.simulation.group import Committed, Group, Left, Member
from tests.simulation.process import Process
from tests.simulation.sending import Luck, Sender
from tests.simulation.timeline import Timeline

_ANSWER = 5.0

type Reported = Callable[[Process, str, Sendable, bool], None]
"""Told that a process heard of a record to a topic, and whether that it failed."""


class Brokers:
    """The cluster and its groups, for all processes of a world.

    Attributes:
        luck: what becomes of batches now.
        groups: by the queue's topic.

    """

    def __init__(
        self,
        timeline: Timeline,
        cluster: Cluster,
        network: Random,
        *,
        committed: Committed,
        left: Left,
        reported: Reported,
    ) -> None:
        self.timeline = timeline
        self.cluster = cluster
        self.network = network
        self.luck = Luck()
        self.groups: dict[str, Group] = {}
        self.reported = reported
        self._committed = committed
        self._left = left

    def group(self, topic: str) -> Group:
        """The group of a queue."""
        if topic not in self.groups:
            self.groups[topic] = Group(
                self.cluster, topic, self.network, self._committed, self._left
            )
        return self.groups[topic]


class Port:
    """The brokers, as one process reaches them.

    Attributes:
        members: the queues that it reads.

    """

    def __init__(self, brokers: Brokers, process: Process) -> None:
        self.members: list[Member] = []
        self._brokers = brokers
        self._process = process

    def sender(self, endpoint: Endpoint, *, every_report: bool) -> Sender:  # noqa: ARG002
        """A sender."""
        brokers, process = self._brokers, self._process

        def reported(topic: str, record: Sendable, failed: bool) -> None:
            brokers.reported(process, topic, record, failed)

        return Sender(
            brokers.timeline,
            brokers.cluster,
            process,
            brokers.network,
            lambda: brokers.luck,
            every_report=every_report,
            reported=reported,
        )

    async def open_inbox(self, endpoint: Endpoint, topic: str, receive: Receive) -> Inbox:  # noqa: ARG002
        """An inbox."""
        brokers, process = self._brokers, self._process
        logs = brokers.cluster.topic(topic)
        log = logs[brokers.network.randrange(len(logs))]
        opened = process.loop.create_future()
        away = process.away > _ANSWER
        brokers.timeline.after(
            _ANSWER if away else process.delay() + process.delay(),
            lambda: process.run(opened.set_result, None),
        )
        await opened
        if away:
            raise BrokerError("simulated: no broker answered")
        inbox = Cursor(brokers.cluster, process, log, len(log.records), receive)
        return Inbox(process, log.number, inbox)

    def open_queue(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> Member:  # noqa: ARG002
        """A membership."""
        member = Member(self._brokers.group(topic), self._process, reader)
        self.members.append(member)
        return member

    def lookout(self, endpoint: Endpoint) -> Lookout:  # noqa: ARG002
        """Who reads queues: nobody asks, for all calls wait for a server."""
        return Lookout()


class Lookout:
    """As `Lookout` of the port has it."""

    async def served(self, queue: str) -> bool:  # noqa: ARG002
        """Whether a process reads a queue."""
        return True

    async def close(self) -> None:
        """Look no more."""


class Inbox:
    """As `Inbox` of the port has it."""

    def __init__(self, process: Process, partition: int, cursor: Cursor) -> None:
        self.partition = partition
        self._process = process
        self._cursor = cursor

    def healthy(self) -> Health:
        """Whether records would arrive."""
        return Health(ok=not self._process.away, detail="simulated")

    async def close(self) -> None:
        """Stop reading."""
        self._cursor.close()
