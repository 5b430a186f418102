"""What was promised of the transport's speed, and whether it was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.transport import tables
from benchmarks.transport.figures import Spread


@dataclass(frozen=True, slots=True)
class Promise:
    """A bound of a ratio.

    Attributes:
        said: what the ratio is of.
        measured: it, over the rounds; its middle is held to the bound.
        least: what it shall not be below.
        most: what it shall not exceed.

    """

    said: str
    measured: Spread
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the middle is within the bounds."""
        above = self.least is None or self.measured.middle >= self.least
        below = self.most is None or self.measured.middle <= self.most
        return above and below

    @property
    def bound(self) -> str:
        """The bound in words."""
        if self.most is not None:
            return f"at most x{self.most:g}"
        return f"at least x{self.least or 0:g}"


def report(promises: Sequence[Promise]) -> str:
    """A table of all."""
    rows = [
        [each.said, each.bound, tables.times(each.measured), "kept" if each.kept else "**missed**"]
        for each in promises
    ]
    return tables.table(["promised", "", "measured", ""], rows)
