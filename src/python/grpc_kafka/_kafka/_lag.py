"""How much of a queue its reader has not taken, from librdkafka's statistics."""

from __future__ import annotations

import json
import time
from collections.abc import Collection

from confluent_kafka import Consumer, KafkaException, TopicPartition

_ANSWER = 0.2
_OFTEN = 1.0


class Lag:
    """What a consumer's thread learns, and any thread may ask.

    librdkafka hears of a partition's end with every answer to a fetch, and tells it with its
    statistics. It fetches nothing of what is paused, so its ends are asked for.

    Args:
        consumer: whose; asked by its own thread only.
        topic: the queue.

    """

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._positions: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._asked = 0.0
        self.records: int | None = None

    def use(self, consumer: Consumer) -> None:
        """Ask another consumer from now on; no partition is assigned to it yet."""
        self._consumer = consumer

    def measured(self, statistics: str) -> None:
        """Take librdkafka's statistics, a JSON text."""
        topic = json.loads(statistics)["topics"].get(self._topic, {"partitions": {}})
        own = {
            int(number): each
            for number, each in topic["partitions"].items()
            if each["fetch_state"] == "active" and each["hi_offset"] >= 0
        }
        self._positions = {number: _position(each) for number, each in own.items()}
        # What was asked for while paused is fresher; ends only grow.
        self._ends = {
            number: max(each["hi_offset"], self._ends.get(number, 0))
            for number, each in own.items()
        }
        self._count()

    def look(self, paused: Collection[int]) -> None:
        """Ask for the ends of paused partitions, now and then."""
        now = time.monotonic()
        if not paused or now - self._asked < _OFTEN:
            return
        self._asked = now
        try:
            for partition in set(paused) & self._positions.keys():
                place = TopicPartition(self._topic, partition)
                self._ends[partition] = self._consumer.get_watermark_offsets(
                    place, timeout=_ANSWER
                )[1]
        except KafkaException:
            return  # no broker answers, and what was known stays
        self._count()

    def _count(self) -> None:
        behind = [self._ends[each] - at for each, at in self._positions.items()]
        self.records = sum(max(0, each) for each in behind) if behind else None


def _position(partition: dict[str, int]) -> int:
    """The next offset that the consumer hands over."""
    if partition["app_offset"] >= 0:
        return partition["app_offset"]
    return partition["next_offset"] - partition["fetchq_cnt"]
