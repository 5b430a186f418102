"""Names for calls that nobody can guess."""

from __future__ import annotations

import os

from grpc_kafka.protocol import CALL_ID_LENGTH

_AT_ONCE = 256


class CallIds:
    """Call ids of a channel, drawn many at a time: to ask the system costs as much as for one."""

    def __init__(self) -> None:
        self._drawn = b""
        self._place = 0

    def draw(self) -> bytes:
        """The next one: `CALL_ID_LENGTH` random bytes."""
        if self._place == len(self._drawn):
            self._drawn = os.urandom(_AT_ONCE * CALL_ID_LENGTH)
            self._place = 0
        start = self._place
        self._place += CALL_ID_LENGTH
        return self._drawn[start : self._place]
