"""What a group has left behind in a topic: positions, their marks, and the ends that matter."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import NamedTuple

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from grpc_kafka.protocol import is_clean

# The second question gets this at least, in seconds, when the first one took all the time.
_LEAST = 0.1


class Found(NamedTuple):
    """What was found of a partition.

    Attributes:
        position: of the first record that is to be read.
        mark: what is written beside it.
        end: one past the last record, where the mark makes that important; else 0.

    """

    position: int
    mark: str | None
    end: int


def find(
    consumer: Consumer, topic: str, partitions: Collection[int], *, latest: bool, seconds: float
) -> tuple[dict[int, Found], KafkaError | None]:
    """Ask the brokers, in two requests at most, however many partitions there are.

    Args:
        consumer: asks; a member of the group.
        topic: whose partitions.
        partitions: which.
        latest: whether a partition without a position is read from its end on.
        seconds: how long both answers together may take.

    Returns:
        what is known, and why it is not known of those that are left out.

    """
    end = time.monotonic() + seconds
    found: dict[int, Found] = {}
    try:
        places = [TopicPartition(topic, each) for each in partitions]
        committed = consumer.committed(places, timeout=seconds)
        fault = _fault_among(committed)
        open_ = {}
        for place in committed:
            if place.error is None and place.offset >= 0 and is_clean(place.metadata):
                found[place.partition] = Found(place.offset, place.metadata, 0)
            elif place.error is None:
                open_[place.partition] = place
        if open_:
            asked = [TopicPartition(topic, each, _edge(open_[each], latest)) for each in open_]
            left = max(end - time.monotonic(), _LEAST)
            answers = consumer.offsets_for_times(asked, timeout=left)
            fault = _fault_among(answers) or fault
            found |= {a.partition: _found(open_[a.partition], a) for a in answers if not a.error}
    except KafkaException as error:
        fault = error.args[0]
    return found, fault


def _edge(place: TopicPartition, latest: bool) -> int:
    begins = place.offset < 0 and not latest
    return OFFSET_BEGINNING if begins else OFFSET_END


def _found(place: TopicPartition, answer: TopicPartition) -> Found:
    position = place.offset if place.offset >= 0 else answer.offset
    return Found(position, place.metadata, answer.offset)


def _fault_among(places: Collection[TopicPartition]) -> KafkaError | None:
    return next((place.error for place in places if place.error is not None), None)
