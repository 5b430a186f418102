"""What happened in a run: its hash tells runs apart, its lines tell people."""

from __future__ import annotations

import hashlib
from collections.abc import Callable


class Journal:
    """Notes what happens.

    Args:
        clock: says when it is.
        show: takes each line; None to keep the hash alone.

    """

    def __init__(self, clock: Callable[[], float], show: Callable[[str], None] | None) -> None:
        self._clock = clock
        self._show = show
        self._hash = hashlib.blake2b(digest_size=16)

    def note(self, who: str, what: str) -> None:
        """Note one thing."""
        line = f"{self._clock():12.6f}  {who:<12} {what}"
        self._hash.update(line.encode())
        if self._show is not None:
            self._show(line)

    @property
    def digest(self) -> str:
        """The same for two runs when all that happened was the same."""
        return self._hash.hexdigest()
