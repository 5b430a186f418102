"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.transport.figures import Spread


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table: the first column to the left, numbers to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def milliseconds(spread: Spread) -> str:
    """Of seconds: the middle, and the range."""
    middle, least, greatest = (f"{each * 1000:.2f}" for each in _numbers(spread))
    return f"{middle} ({least}-{greatest})"


def seconds(spread: Spread) -> str:
    """Of seconds: the middle, and the range."""
    middle, least, greatest = (f"{each:.2f}" for each in _numbers(spread))
    return f"{middle} ({least}-{greatest})"


def rate(spread: Spread) -> str:
    """Of numbers a second: the middle, and the range."""
    middle, least, greatest = (f"{each:,.0f}" for each in _numbers(spread))
    return f"{middle} ({least}-{greatest})"


def times(spread: Spread) -> str:
    """Of ratios: the middle, and the range."""
    middle, least, greatest = (f"{each:.2f}" for each in _numbers(spread))
    return f"x{middle} ({least}-{greatest})"


def _numbers(spread: Spread) -> tuple[float, float, float]:
    return spread.middle, spread.least, spread.greatest
