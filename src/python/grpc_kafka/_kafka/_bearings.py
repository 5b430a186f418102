"""Whether a client of the brokers still knows where any of them is."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from typing import TypedDict

INTERVAL = 10.0
"""Seconds between two replacements of a client, at least."""

# Seconds without any broker; librdkafka, when it does begin anew, does so at once.
_CERTAIN = 3.0
_LOGICAL = "logical"
_IDLE = "INIT"
_CONNECTED = "UP"
# Microseconds. Where no connection is up, librdkafka makes one within a second or two.
_IDLE_LIMIT = 4_000_000


class Place(TypedDict):
    """A broker in librdkafka's statistics, as far as it matters here."""

    source: str
    state: str
    stateage: int


class Bearings:
    """Tells when a client is lost, and has to be replaced by another.

    librdkafka forgets brokers that the cluster does not name any more, and when it knows none it
    begins anew with those that it was configured with. A broker that stood still for a while may
    say that its cluster has none at all; then that beginning may be cancelled as soon as it is
    called for, and is never called for again (librdkafka's issue 5301). Statistics show it: of
    brokers that are down they say every second that they are tried again, but these are not
    listed, or, while something refers to them, stay idle. What else is listed of such a client
    is at most its group's coordinator, a place without an address.
    """

    def __init__(self) -> None:
        self._lost_since = math.inf
        self._renewable = -math.inf

    def measured(self, brokers: Collection[Place]) -> None:
        """Take the brokers that librdkafka's statistics list."""
        # While its coordinator is connected, a member of a group leaves others idle for long.
        connected = any(each["state"] == _CONNECTED for each in brokers)
        places = [each for each in brokers if each["source"] != _LOGICAL]
        if any(connected or not _is_left_idle(each) for each in places):
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


def _is_left_idle(broker: Place) -> bool:
    return broker["state"] == _IDLE and broker["stateage"] >= _IDLE_LIMIT
