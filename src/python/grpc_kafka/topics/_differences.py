"""What topics should be like and what they are, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from grpc_kafka.topics._topic import Topic


class Step(Enum):
    """What a difference takes to be none; the value stands before its line."""

    CREATE = "+"
    """The topic is created."""

    APPLY = "~"
    """The topic is changed, when that is asked for."""

    BY_HAND = "!"
    """Nothing here can change it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is: partitions, the fewest replicas of one, and all settings."""

    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)


class Difference(NamedTuple):
    """One thing that is not as it should be.

    `setting` and `value` are of a setting that differs; otherwise it is about partitions.
    """

    step: Step
    topic: Topic
    said: str
    setting: str = ""
    value: str = ""

    def __str__(self) -> str:
        """One line: the step's sign, the topic, what differs."""
        return f"{self.step.value} {self.topic.name}: {self.said}"


def differences(wanted: Iterable[Topic], found: Mapping[str, Found]) -> list[Difference]:
    """What is not as wanted, topic by topic; topics that nobody wants are none of it."""
    return [each for topic in wanted for each in _of(topic, found.get(topic.name))]


def _of(topic: Topic, found: Found | None) -> Iterable[Difference]:
    if found is None:
        settings = ", ".join(f"{name} {value}" for name, value in sorted(topic.settings.items()))
        said = f"is missing ({topic.partitions} partitions, {topic.replication} replicas"
        yield Difference(Step.CREATE, topic, f"{said}{settings and f', {settings}'})")
        return
    if found.partitions < topic.partitions:
        said = f"has {found.partitions} partitions, not {topic.partitions}"
        yield Difference(Step.APPLY, topic, said)
    elif found.partitions > topic.partitions:
        said = f"has {found.partitions} partitions, not {topic.partitions}; none can be taken away"
        yield Difference(Step.BY_HAND, topic, said)
    if found.replication != topic.replication:
        said = f"has {found.replication} replicas, not {topic.replication}"
        yield Difference(Step.BY_HAND, topic, f"{said}; kafka-reassign-partitions.sh moves them")
    for name, value in sorted(topic.settings.items()):
        is_now = found.settings.get(name)
        if is_now != value:
            said = f"{name} is {is_now if is_now is not None else 'not known'}, not {value}"
            yield Difference(Step.APPLY, topic, said, name, value)
