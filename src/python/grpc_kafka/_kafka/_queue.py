"""A queue on Kafka: a member of the group that shares the topic's partitions."""

from __future__ import annotations

import logging
import threading
from collections import deque

from confluent_kafka import Consumer, KafkaException, TopicPartition

from grpc_kafka._broker import QueueReader
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of, is_lost_partition
from grpc_kafka._kafka._poller import Poller
from grpc_kafka._kafka._pulse import Pulse

_LOG = logging.getLogger(__name__)
_ANSWER = 5.0
_POLL = 0.1
# Nothing arrives to end the poll while all is paused, and going on should not wait long.
_PAUSED_POLL = 0.005
_SHORT_WAIT = 1.0
_LEAVE = 3.0


class KafkaQueue:
    """Reads the partitions that the group gives it, and commits the positions it is told.

    Positions are stored as they come and committed by librdkafka a few times a second, when
    partitions move to another member, and when the queue is closed.
    """

    def __init__(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> None:
        self._topic = topic
        self._reader = reader
        self._pulse = Pulse(f"queue {topic}")
        self._partitions: set[int] = set()
        self._positions: deque[tuple[int, int]] = deque()
        self._missing = False
        self._going = threading.Event()
        self._going.set()
        self._applied: tuple[bool, frozenset[int]] = (False, frozenset())
        settings: dict[str, object] = dict(_settings.of_queue(endpoint, topic))
        settings["error_cb"] = self._pulse.failed
        settings["stats_cb"] = self._pulse.measured
        try:
            self._consumer = Consumer(settings, logger=ClientLog())
        except KafkaException as error:
            raise fault_of(error) from error
        self._poller = Poller(
            self._consumer,
            self._pulse,
            reader.receive,
            name=f"queue {topic}",
            prepare=self._subscribe,
            turn=self._turn,
        )

    def commit(self, partition: int, position: int) -> None:
        """Everything before the position is done with; nothing happens when it was revoked."""
        self._positions.append((partition, position))

    def pause(self) -> None:
        """Take nothing until `resume`; what was taken already may still arrive."""
        self._going.clear()

    def resume(self) -> None:
        """Go on taking."""
        self._going.set()

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

    def _subscribe(self) -> None:
        try:
            known = self._consumer.list_topics(self._topic, timeout=_ANSWER).topics[self._topic]
            self._missing = not known.partitions
        except KafkaException as error:
            # No broker answers yet. The membership begins when one does.
            _LOG.warning("queue %s: %s", self._topic, fault_of(error))
        self._consumer.subscribe(
            [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._pulse.heard()
        self._missing = False
        self._partitions |= {each.partition for each in partitions}

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        leaving = {each.partition for each in partitions}
        left = threading.Event()
        asked = not self._poller.stopping and self._poller.call(
            lambda: self._reader.leave(leaving, left.set)
        )
        if asked:
            # What is nearly done is finished and committed here, rather than done twice.
            left.wait(_LEAVE)
        self._store()
        self._forget(leaving)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget({each.partition for each in partitions})

    def _forget(self, partitions: set[int]) -> None:
        self._partitions -= partitions
        self._poller.drop(partitions)
        self._poller.call(lambda: self._reader.forget(partitions))

    def _turn(self) -> float:
        self._store()
        paused, _ = self._applied
        if not paused:
            # A short wait costs nothing: what was fetched ahead stays where it is. To pause is
            # for longer ones, so that the group is still served; going on then takes a while.
            paused = not self._going.wait(_SHORT_WAIT)
        elif self._going.is_set():
            paused = False
        # What is assigned while the server takes nothing is not to be read either.
        wanted = (paused, frozenset(self._partitions))
        if wanted != self._applied:
            self._applied = wanted
            self._pause_or_resume(*wanted)
        return _PAUSED_POLL if paused else _POLL

    def _store(self) -> None:
        latest: dict[int, int] = {}
        while self._positions:
            partition, position = self._positions.popleft()
            latest[partition] = position
        for partition, position in latest.items():
            place = TopicPartition(self._topic, partition, position)
            try:
                self._consumer.store_offsets(offsets=[place])
            except KafkaException as error:
                if not is_lost_partition(error):
                    _LOG.error("%s/%d is not committed: %s", self._topic, partition, error)

    def _pause_or_resume(self, paused: bool, partitions: frozenset[int]) -> None:
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        try:
            if paused:
                self._consumer.pause(places)
            else:
                self._consumer.resume(places)
        except KafkaException as error:
            if not is_lost_partition(error):
                _LOG.error("%s is neither paused nor resumed: %s", self._topic, error)
