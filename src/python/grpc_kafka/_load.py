"""What a server has to do; for metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Load(NamedTuple):
    """A server's calls at one moment, from those that run to those that are still in Kafka.

    Attributes:
        in_flight: calls whose handlers run; at most the server's maximum of concurrent calls.
        waiting: requests that were taken from Kafka and wait for their turn.
        lag: by service, records of this server's share of its queue that were not taken; as of
            some seconds ago, and left out while unknown.

    """

    in_flight: int
    waiting: int
    lag: Mapping[str, int]
