"""Which record brings its readers down, told by what they left beside a partition's position.

A consumer group counts no deliveries, but each committed position has room for a text, the mark:

- nothing: whoever had the partition left it in order.
- `run:<k>`: a member took the partition here, after k - 1 others vanished without any progress.
- `one:<offset>:<k>`: it ran the request at this offset and, of what is under suspicion, no other,
  for the k-th time.

A member that finds the mark of another one knows that it vanished. Who reads this and what is
done with it is not said here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

RUNS = 2
"""Members that may vanish at one position before its requests are run one at a time."""

STRIKES = 2
"""Members that may vanish while they run one request alone before it is set aside."""

CALM = "run:1"
"""The mark of progress, and of suspected records that are through."""

SUSPICIOUS = f"run:{RUNS + 1}"
"""The mark of a partition whose suspects are not through, while none of them runs."""

_CLEAN = ""
_RUN = re.compile(r"run:([1-9][0-9]{0,3})")
_ONE = re.compile(r"one:([0-9]{1,19}):([1-9][0-9]{0,3})")


class Plan(NamedTuple):
    """How a partition is begun.

    Attributes:
        mark: what its new owner writes beside the position, before it takes anything.
        back: what it writes instead when it leaves in order and without progress.
        until: requests before this offset are run one at a time; 0 for none.
        suspect: the offset of the request that was run alone when a member vanished; -1 for none.
        strikes: how many members vanished so.
        again: requests before this offset may have come to a member that vanished; 0 for none.

    """

    mark: str
    back: str = _CLEAN
    until: int = 0
    suspect: int = -1
    strikes: int = 0
    again: int = 0

    def accuses(self, offset: int) -> bool:
        """Whether the request at this offset is to be set aside, not run."""
        return offset == self.suspect and self.strikes >= STRIKES

    def alone(self, offset: int) -> str:
        """The mark under which the request at this offset is run."""
        return f"one:{offset}:{self.strikes + 1 if offset == self.suspect else 1}"


def is_clean(mark: str | None) -> bool:
    """Whether nobody vanished; also when the mark is none of this version's."""
    return _read(mark) is None


def decide(mark: str | None, position: int, end: int) -> Plan:
    """What to do with a partition.

    Args:
        mark: what was found beside its committed position.
        position: that position, of the first record that is to be read.
        end: one past the last record that is there now; of no importance with a clean mark.

    """
    found = _read(mark)
    if found is None or mark is None or position >= end:
        # Where no record is, none can have done it.
        return Plan(CALM)
    suspect, count = found
    if suspect is None:
        until = end if count >= RUNS else 0
        return Plan(_run(min(count, RUNS) + 1), mark, until, again=end)
    if position <= suspect < end:
        return Plan(mark, mark, end, suspect, count, again=end)
    # It was finished, and the member vanished before it came to the next one.
    return Plan(SUSPICIOUS, _run(RUNS), end, again=end)


class Standing:
    """The position and the mark of a partition, as its owner keeps them.

    Args:
        plan: how it was begun.
        position: where.

    """

    __slots__ = ("_back", "_start", "careful", "mark", "position")

    def __init__(self, plan: Plan, position: int) -> None:
        self.position = self._start = position
        self.mark = plan.mark
        self.careful = plan.until > 0
        self._back = plan.back

    def move(self, position: int) -> None:
        """Take note of progress: what comes now has brought nobody down yet."""
        self.position = position
        if not self.careful:
            self.mark, self._back = CALM, _CLEAN

    def write(self, mark: str) -> None:
        """Take a mark in place of the one before."""
        self.mark = mark
        self.careful = mark != CALM
        suspect, count = _read(mark) or (None, 1)
        if suspect is not None and count > 1:
            self._back = f"one:{suspect}:{count - 1}"
        else:
            self._back = _run(RUNS) if self.careful else _CLEAN

    def left(self, position: int, mark: str | None) -> bool:
        """Whether this is what its owner has last written there, perhaps with less progress."""
        return mark == self.mark and self._start <= position <= self.position

    def leave(self) -> str:
        """The mark of an orderly end: it takes back what this member had written.

        Those that vanished before it stay counted, until there is progress or the suspected
        records are through.
        """
        suspect, _ = _read(self.mark) or (None, 1)
        passed = suspect is not None and suspect < self.position
        self.mark = _run(RUNS) if passed else self._back
        return self.mark


def _run(count: int) -> str:
    return f"run:{count}"


def _read(mark: str | None) -> tuple[int | None, int] | None:
    """The suspect, if any, and how often; None for a clean mark."""
    if ran := _RUN.fullmatch(mark or ""):
        return None, int(ran[1])
    if alone := _ONE.fullmatch(mark or ""):
        return int(alone[1]), int(alone[2])
    return None
