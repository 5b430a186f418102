"""Large messages are cut where they are sent; small ones written at once share a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PART = 512 * 1024
"""Bytes of a message that travel in one record; brokers take 1,000,000 unless told otherwise."""

SHARED = 16 * 1024
"""Bytes of small messages that one record has at most."""


def parts_of(message: bytes, size: int = PART) -> Iterator[tuple[bytes, bool]]:
    """The parts of a message in their order, each with whether more follow."""
    for start in range(0, max(len(message), 1), size):
        end = start + size
        yield message[start:end], end < len(message)


class Joiner:
    """Collects the parts of one message after the other."""

    __slots__ = ("_message",)

    def __init__(self) -> None:
        # Not a list: however small the parts, they take the memory of their bytes.
        self._message = bytearray()

    @property
    def size(self) -> int:
        """Bytes of the message that is not whole yet."""
        return len(self._message)

    def add(self, part: bytes, more: bool) -> bytes | None:
        """Add a part; gives the message when it is whole."""
        if not more and not self._message:
            return part
        self._message += part
        if more:
            return None
        message = bytes(self._message)
        self._message.clear()
        return message


class Collected:
    """The parts of one message that came ahead of its end, from one sender.

    Args:
        limit: bytes past which parts are counted and not kept; None for no limit.

    Attributes:
        size: bytes of all parts that came.

    """

    __slots__ = ("_came", "_limit", "_message", "size")

    def __init__(self, limit: int | None) -> None:
        self.size = 0
        self._limit = limit
        self._came = 0
        self._message = bytearray()

    @property
    def kept(self) -> int:
        """Bytes that are in memory."""
        return len(self._message)

    def add(self, sequence: int, part: bytes) -> None:
        """Add a part; number 0 begins anew, for what was not acknowledged is sent again."""
        if sequence == 0:
            self.size, self._came, self._message = 0, 0, bytearray()
        if sequence != self._came:
            return
        self._came += 1
        self.size += len(part)
        if self._limit is None or self.size <= self._limit:
            self._message += part
        else:
            self._message = bytearray()

    def is_whole(self, count: int) -> bool:
        """Whether this many parts came, and no more."""
        return self._came == count

    def join(self, end: bytes) -> bytes:
        """The message whose end this is."""
        return bytes(self._message) + end


def cut(joined: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The messages that share a record."""
    start = 0
    for size in sizes:
        yield joined[start : start + size]
        start += size
