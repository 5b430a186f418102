"""Numbers of many rounds made into few."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many percent of them do not exceed.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    # Rounded up: of one hundred values, 99 % are the first 99.
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some numbers, the least and the greatest."""

    middle: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Make it of one number a round.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("no values")
        return cls(statistics.median(values), min(values), max(values))


def ratios(values: Sequence[float], others: Sequence[float]) -> Spread:
    """How many times the others' the values are, round by round.

    What slows a round down slows both, so that ratios of rounds spread less than their numbers.

    Raises:
        ValueError: there are none, or not as many of both.
    """
    return Spread.of([value / other for value, other in zip(values, others, strict=True)])
