"""Which position of a partition may be committed: everything before it is finished."""

from __future__ import annotations

from collections import deque


class Watermark:
    """Offsets of one partition, taken in their order and finished in any.

    Offsets may have gaps (a log is compacted, transactions leave markers), so what counts is
    the order in which they were taken.
    """

    __slots__ = ("_finished", "_taken")

    def __init__(self) -> None:
        self._taken: deque[int] = deque()
        self._finished: set[int] = set()

    def __len__(self) -> int:
        """How many offsets were taken and are not behind the watermark yet."""
        return len(self._taken)

    def take(self, offset: int) -> bool:
        """Note that a record was taken; False when its offset is not past all taken before."""
        if self._taken and offset <= self._taken[-1]:
            return False
        self._taken.append(offset)
        return True

    def finish(self, offset: int) -> int | None:
        """Note that a taken record is done with, once.

        Returns:
            The position to commit, one past the last record of the finished beginning, or None
            when the watermark did not move.

        """
        if not self._taken or offset < self._taken[0]:
            return None
        self._finished.add(offset)
        last: int | None = None
        while self._taken and self._taken[0] in self._finished:
            last = self._taken.popleft()
            self._finished.discard(last)
        return None if last is None else last + 1
