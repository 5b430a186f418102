"""How much is measured, and of what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What every measurement is told.

    Attributes:
        names: of the transports, in the order of tables.
        rounds: how often each is measured, by turns.
        seconds: that one load lasts in a round.

    """

    names: tuple[str, ...]
    rounds: int
    seconds: float
