"""What a channel or a server counted since it began; for metrics and for tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Records that led to nothing, by the reason, and calls that began again.

    Attributes:
        malformed: were no frame of this protocol.
        unexpected: were frames that did not belong here.
        stale: repeated a request that runs, or cancelled one that is over.
        expired: requests whose deadline had passed before anyone read them.
        incomplete: requests that were dropped since their parts did not all come, or took too much.
        cancelled: requests whose cancellation came before they were begun.
        unsent: answers, or ends of streams, that could not be delivered.
        dead_lettered: records that were set aside, as dead letters.
        unlettered: records that should have been, and were dropped: their topic is missing.
        redelivered: requests that may have come before, to a server that vanished with them.
        moved: calls cut off here because another server has their request now.
    """

    malformed: int = 0
    unexpected: int = 0
    stale: int = 0
    expired: int = 0
    incomplete: int = 0
    cancelled: int = 0
    unsent: int = 0
    dead_lettered: int = 0
    unlettered: int = 0
    redelivered: int = 0
    moved: int = 0


def is_worth_a_line(count: int) -> bool:
    """Whether the so-many-th of a kind is logged: the 1st, 2nd, 4th, 8th; a flood fills no log."""
    return count & (count - 1) == 0
