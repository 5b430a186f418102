"""What librdkafka says of itself, without its repetitions.

While no broker answers, a consumer tries again dozens of times a second and says so each time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

INTERVAL = 10.0
"""Seconds between two entries of the same kind about the same connection."""


class ClientLog:
    """The logger of one client, as confluent-kafka calls it.

    Args:
        logger: takes what is passed on.
        clock: seconds that never go back.

    """

    def __init__(
        self,
        logger: logging.Logger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger or logging.getLogger("grpc_kafka.librdkafka")
        self._clock = clock
        self._passed: dict[tuple[int, str, str], float] = {}
        self._held: dict[tuple[int, str, str], int] = {}

    def log(self, level: int, message: str, facility: str, client: str, text: str) -> None:
        """Pass an entry on, unless one of its kind was passed on just now."""
        kind = (level, facility, text.partition("]")[0])
        now = self._clock()
        if now - self._passed.get(kind, now - INTERVAL) < INTERVAL:
            self._held[kind] = self._held.get(kind, 0) + 1
            return
        self._passed[kind] = now
        if held := self._held.pop(kind, 0):
            text = f"{text} ({held} more like it were held back)"
        self._logger.log(level, message, facility, client, text)
