"""A queue on Kafka: a member of the group that shares the topic's partitions."""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping

from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, KafkaException, TopicPartition

from grpc_kafka._broker import QueueReader
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._asking import ask
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of, is_denied, is_lost_partition
from grpc_kafka._kafka._lag import Lag
from grpc_kafka._kafka._marks import Marks
from grpc_kafka._kafka._poller import Poller
from grpc_kafka._kafka._pulse import Pulse
from grpc_kafka.protocol import Plan

_LOG = logging.getLogger(__name__)
_POLL = 0.1
# Nothing arrives to end the poll while all is paused, or while a mark is to be written before
# anything is run, and going on should not wait long.
_SHORT_POLL = 0.005
_SHORT_WAIT = 1.0
_LEAVE = 3.0
_LATEST = ("latest", "largest", "end")


class KafkaQueue:
    """Reads the partitions that the group gives it, and commits the positions it is told.

    Positions are stored as they come and committed by librdkafka a few times a second, when
    partitions move to another member, and when the queue is closed. Marks are committed at once.
    """

    def __init__(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> None:
        self._topic = topic
        self._reader = reader
        self._pulse = Pulse(f"queue {topic}")
        self._partitions: set[int] = set()
        self._positions: deque[tuple[int, int]] = deque()
        self._wanted_marks: deque[tuple[int, str, Callable[[], None]]] = deque()
        self._missing = False
        self._going = threading.Event()
        self._going.set()
        self._paused = False
        # Changed by the loop alone, as a whole; the thread reads it.
        self._held: frozenset[int] = frozenset()
        self._applied: frozenset[int] = frozenset()
        self._settings: dict[str, object] = dict(_settings.of_queue(endpoint, topic))
        self._settings["error_cb"] = self._pulse.failed
        self._settings["stats_cb"] = self._measured
        self._consumer = self._make()
        # Otherwise the group hands out all partitions at once, and takes all back before.
        self._incremental = _is_incremental(self._settings)
        self._lag = Lag(self._consumer, topic)
        latest = self._settings["auto.offset.reset"] in _LATEST
        self._marks = Marks(self._consumer, topic, latest=latest)
        self._poller = Poller(
            self._consumer,
            self._pulse,
            reader.receive,
            name=f"queue {topic}",
            prepare=self._subscribe,
            renew=self._renew,
            turn=self._turn,
        )

    def commit(self, partition: int, position: int) -> None:
        """Everything before the position is done with; nothing happens when it was revoked."""
        self._positions.append((partition, position))

    def mark(self, partition: int, mark: str, marked: Callable[[], None]) -> None:
        """Write a mark beside the committed position; see `Queue`."""
        self._wanted_marks.append((partition, mark, marked))

    def hold(self, partition: int) -> None:
        """Take nothing of this partition until `release`."""
        self._held |= {partition}

    def release(self, partition: int) -> None:
        """Go on taking of it."""
        self._held -= {partition}

    def pause(self) -> None:
        """Take nothing until `resume`; what was taken already may still arrive."""
        self._going.clear()

    def resume(self) -> None:
        """Go on taking."""
        self._going.set()

    def lag(self) -> int | None:
        """Records of its partitions that it has not taken."""
        return self._lag.records

    def healthy(self) -> Health:
        """Whether records would arrive."""
        if self._missing:
            return Health(ok=False, detail=f"topic {self._topic} does not exist; create it")
        return self._pulse.health()

    async def close(self) -> None:
        """Commit what `commit` was told, and leave the group."""
        self._poller.stop()
        self._going.set()
        await self._poller.close()

    def _make(self) -> Consumer:
        def committed(error: KafkaError | None, places: list[TopicPartition] | None) -> None:
            if made is self._consumer:
                self._marks.committed(error, places or ())

        try:
            made = Consumer(self._settings | {"on_commit": committed}, logger=ClientLog())
        except KafkaException as error:
            raise fault_of(error) from error
        return made

    def _renew(self) -> Consumer:
        """Join anew; the brokers give up the lost member by themselves."""
        made = self._make()
        self._lose(set(self._partitions))
        self._consumer = made
        self._marks.use(made)
        self._lag.use(made)
        self._subscribe()
        return made

    def _subscribe(self) -> None:
        consumer, topic = self._consumer, self._topic
        try:
            known = ask(
                consumer, self._pulse, lambda wait: consumer.list_topics(topic, timeout=wait)
            )
            found = known.topics[topic]
            denied = is_denied(found.error)
            self._missing = not found.partitions and not denied
            if denied:
                self._pulse.failed(found.error)
        except BrokerError as error:
            # No broker answers yet. The membership begins when one does.
            _LOG.warning("queue %s: %s", self._topic, error)
        self._consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def _measured(self, statistics: str) -> None:
        self._pulse.measured(statistics)
        self._lag.measured(statistics)

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._pulse.heard()
        self._missing = False
        taken = {each.partition for each in partitions}
        self._partitions |= taken
        # Two questions of some milliseconds, and bounded: the other partitions wait meanwhile.
        plans = self._marks.take(taken)
        member = self._consumer
        assign = member.incremental_assign if self._incremental else member.assign
        assign(self._beginnings(taken))
        self._warn(plans)

    def _begin_again(self, partitions: set[int]) -> None:
        """Begin what nothing was known of when it was assigned.

        librdkafka asks for a position once: when the coordinator moves meanwhile, the partition
        is never read (librdkafka's issue 5586). What is assigned with a position needs no asking.
        """
        at = self._consumer.position(self._places(partitions))
        begun = {each.partition for each in at if each.offset >= 0 or not self._incremental}
        plans = self._marks.take_again(partitions, begun)
        self._warn(plans)
        known = {each for each in partitions - begun if self._marks.position(each) is not None}
        if known:
            self._applied -= known
            try:
                self._consumer.incremental_unassign(self._places(known))
                self._consumer.incremental_assign(self._beginnings(known))
            except KafkaException as error:
                # Revoked in this very moment: the callback that says so is about to come.
                _LOG.warning("%s %s does not begin anew: %s", self._topic, sorted(known), error)

    def _beginnings(self, partitions: set[int]) -> list[TopicPartition]:
        """Where to begin; librdkafka asks the brokers for what is not known."""
        known = {each: self._marks.position(each) for each in partitions}
        return [
            TopicPartition(self._topic, each, OFFSET_STORED if position is None else position)
            for each, position in known.items()
        ]

    def _warn(self, plans: dict[int, Plan]) -> None:
        for partition, plan in plans.items():
            self._poller.call(functools.partial(self._reader.suspect, partition, plan))

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            # It was lost, and everything that it had is given up already.
            return
        leaving = {each.partition for each in partitions}
        left = threading.Event()
        asked = not self._poller.stopping and self._poller.call(
            lambda: self._reader.leave(leaving, left.set)
        )
        if asked:
            # What is nearly done is finished and committed here, rather than done twice.
            left.wait(_LEAVE)
        self._store()
        self._marks.leave(leaving)
        self._forget(leaving)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if consumer is self._consumer:
            self._lose({each.partition for each in partitions})

    def _lose(self, lost: set[int]) -> None:
        self._marks.lose(lost)
        self._forget(lost)

    def _forget(self, partitions: set[int]) -> None:
        self._partitions -= partitions
        self._applied -= partitions
        self._marks.forget(partitions)
        self._poller.drop(partitions)
        self._poller.call(lambda: self._reader.forget(partitions))

    def _turn(self) -> float:
        self._store()
        self._write_marks()
        self._marks.turn()
        if unread := self._marks.unread:
            self._begin_again(set(unread))
        if not self._paused:
            # A short wait costs nothing: what was fetched ahead stays where it is. To pause is
            # for longer ones, so that the group is still served; going on then takes a while.
            self._paused = not self._going.wait(_SHORT_WAIT)
        elif self._going.is_set():
            self._paused = False
        # What is assigned while the server takes nothing is not to be read either.
        self._pause(frozenset(self._partitions if self._paused else self._partitions & self._held))
        self._lag.look(self._applied)
        return _SHORT_POLL if self._paused or self._marks.careful else _POLL

    def _store(self) -> None:
        latest: dict[int, int] = {}
        while self._positions:
            partition, position = self._positions.popleft()
            latest[partition] = position
        for partition, position in latest.items():
            self._marks.store(partition, position)

    def _write_marks(self) -> None:
        while self._wanted_marks:
            partition, mark, marked = self._wanted_marks.popleft()
            self._marks.write(partition, mark, functools.partial(self._poller.call, marked))

    def _pause(self, wanted: frozenset[int]) -> None:
        try:
            if wanted - self._applied:
                self._consumer.pause(self._places(wanted - self._applied))
            if self._applied - wanted:
                self._consumer.resume(self._places(self._applied - wanted))
        except KafkaException as error:
            if not is_lost_partition(error):
                _LOG.error("%s is neither paused nor resumed: %s", self._topic, error)
        self._applied = wanted

    def _places(self, partitions: Collection[int]) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition) for partition in partitions]


def _is_incremental(settings: Mapping[str, object]) -> bool:
    strategy = str(settings.get("partition.assignment.strategy", ""))
    return settings["group.protocol"] == "consumer" or strategy.startswith("cooperative")
