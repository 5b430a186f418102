"""The marks of a queue's partitions on Kafka: the metadata of their committed positions."""

from __future__ import annotations

import logging
from collections.abc import Collection

from confluent_kafka import Consumer, KafkaException, TopicPartition

from grpc_kafka._kafka._faults import fault_of, is_lost_partition
from grpc_kafka.protocol import Plan, Standing, decide, is_clean

_LOG = logging.getLogger(__name__)
_ANSWER = 5.0


class Marks:
    """What this member has written beside the positions of its partitions.

    Where the brokers do not answer in time, or keep no metadata, nobody is ever suspected.
    Used by the consumer's thread only, also in its callbacks.

    Args:
        consumer: the member.
        topic: the queue.
        latest: whether a partition without a position is read from its end on.

    """

    def __init__(self, consumer: Consumer, topic: str, *, latest: bool) -> None:
        self._consumer = consumer
        self._topic = topic
        self._latest = latest
        self._standings: dict[int, Standing] = {}

    @property
    def careful(self) -> bool:
        """Whether a mark may have to be written soon."""
        return any(each.careful for each in self._standings.values())

    def take(self, partitions: Collection[int]) -> dict[int, Plan]:
        """Mark partitions that were just assigned; gives those that are under suspicion."""
        plans: dict[int, Plan] = {}
        try:
            places = [TopicPartition(self._topic, each) for each in partitions]
            for place in self._consumer.committed(places, timeout=_ANSWER):
                position, end = self._range(place)
                plans[place.partition] = plan = decide(place.metadata, position, end)
                self._standings[place.partition] = Standing(plan, position)
            self._commit(plans)
        except KafkaException as error:
            _LOG.warning("queue %s: nobody is suspected: %s", self._topic, fault_of(error))
            self.forget(partitions)
            return {}
        suspected = {partition: plan for partition, plan in plans.items() if plan.until}
        for partition, plan in suspected.items():
            where = f"{self._topic}/{partition}"
            _LOG.warning("%s brought servers down; with care up to %d", where, plan.until)
        return suspected

    def forget(self, partitions: Collection[int]) -> None:
        """These are another's."""
        for partition in partitions:
            self._standings.pop(partition, None)

    def store(self, partition: int, position: int) -> None:
        """Have a position committed soon."""
        standing = self._standings.get(partition)
        if standing is not None:
            standing.move(position)
        self._store(self._place(partition, position))

    def write(self, partition: int, mark: str) -> None:
        """Commit a mark now."""
        standing = self._standings.get(partition)
        if standing is not None:
            standing.write(mark)
            self._put([partition])

    def leave(self, partitions: Collection[int]) -> None:
        """Say that these partitions are left in order."""
        left = [each for each in partitions if each in self._standings]
        for partition in left:
            self._standings[partition].leave()
        self._put(left)
        self.forget(left)

    def _range(self, place: TopicPartition) -> tuple[int, int]:
        """The position that counts for a partition, and its end where that is of importance."""
        if place.error is not None:
            raise KafkaException(place.error)
        if place.offset >= 0 and is_clean(place.metadata):
            return place.offset, 0
        place = TopicPartition(place.topic, place.partition, place.offset)
        low, high = self._consumer.get_watermark_offsets(place, timeout=_ANSWER)
        if place.offset < 0:
            return (high if self._latest else low), high
        return place.offset, high

    def _put(self, partitions: Collection[int]) -> None:
        # Stored too, so that what librdkafka commits by itself afterwards says the same.
        for partition in partitions:
            self._store(self._place(partition, self._standings[partition].position))
        try:
            self._commit(partitions)
        except KafkaException as error:
            if not is_lost_partition(error):
                _LOG.warning("queue %s: no mark was written: %s", self._topic, fault_of(error))

    def _commit(self, partitions: Collection[int]) -> None:
        places = [self._place(each, self._standings[each].position) for each in partitions]
        if places:
            self._consumer.commit(offsets=places, asynchronous=False)

    def _store(self, place: TopicPartition) -> None:
        try:
            self._consumer.store_offsets(offsets=[place])
        except KafkaException as error:
            if not is_lost_partition(error):
                _LOG.error("%s/%d is not committed: %s", self._topic, place.partition, error)

    def _place(self, partition: int, position: int) -> TopicPartition:
        standing = self._standings.get(partition)
        if standing is None:
            return TopicPartition(self._topic, partition, position)
        return TopicPartition(self._topic, partition, position, metadata=standing.mark)
