"""What a topic should be like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be.

    Attributes:
        name: its full name; `of_queue`, `of_inbox` and `of_dead_letter` make such names.
        partitions: how many processes may share a queue, or how inboxes spread.
        replication: on how many brokers it lies.
        settings: the topic's own settings, such as `retention.ms`.

    """

    name: str
    partitions: int = 4
    replication: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)
