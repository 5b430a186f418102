"""Which position of a partition may be committed: everything before it is finished."""

from __future__ import annotations

from collections import OrderedDict


class Watermark:
    """Offsets of one partition, taken in their order and finished in any.

    Offsets may have gaps (a log is compacted, transactions leave markers), so what counts is
    the order in which they were taken. Only what is unfinished is kept: a call that takes hours
    holds the position, and costs no memory for the many that are finished behind it.
    """

    __slots__ = ("_last", "_unfinished")

    def __init__(self) -> None:
        # Of all containers this one gives up its first and any other entry in constant time.
        self._unfinished: OrderedDict[int, None] = OrderedDict()
        self._last = -1

    def __len__(self) -> int:
        """How many offsets were taken and are not finished yet."""
        return len(self._unfinished)

    def take(self, offset: int) -> bool:
        """Note that a record was taken; False when its offset is not past all taken before."""
        if offset <= self._last:
            return False
        self._unfinished[offset] = None
        self._last = offset
        return True

    def finish(self, offset: int) -> int | None:
        """Note that a taken record is done with, once.

        Returns:
            The position to commit, the first unfinished record or one past the last one taken,
            or None when the watermark did not move.

        """
        if offset not in self._unfinished:
            return None
        held = offset == next(iter(self._unfinished))
        del self._unfinished[offset]
        return next(iter(self._unfinished), self._last + 1) if held else None
