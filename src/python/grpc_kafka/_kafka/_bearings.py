"""Whether a client of the brokers still knows where any of them is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping

INTERVAL = 10.0
"""Seconds between two replacements of a client, at least."""

# Seconds without any broker; librdkafka, when it does begin anew, does so at once.
_CERTAIN = 3.0
_LOGICAL = "logical"


class Bearings:
    """Tells when a client is lost, and has to be replaced by another.

    librdkafka forgets brokers that the cluster does not name any more, and when it knows none it
    begins anew with those that it was configured with. A broker that stood still for a while may
    say that its cluster has none at all; then that beginning may be cancelled as soon as it is
    called for, and is never called for again (librdkafka's issue 5301). Statistics show it: they
    list brokers that are down, but these are not listed. What is listed of such a client is at
    most its group's coordinator, a place without an address.
    """

    def __init__(self) -> None:
        self._lost_since = math.inf
        self._renewable = -math.inf

    def measured(self, brokers: Iterable[Mapping[str, object]]) -> None:
        """Take the brokers that librdkafka's statistics list."""
        if any(each["source"] != _LOGICAL for each in brokers):
            self._lost_since = math.inf
        else:
            self._lost_since = min(self._lost_since, time.monotonic())

    @property
    def lost(self) -> bool:
        """Whether the client will never find a broker again, and may be replaced by now."""
        return time.monotonic() >= max(self._lost_since + _CERTAIN, self._renewable)

    def renewed(self) -> None:
        """Another client has taken its place, or was about to."""
        self._lost_since = math.inf
        self._renewable = time.monotonic() + INTERVAL
