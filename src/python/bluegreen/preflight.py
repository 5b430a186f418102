"""Whether a server is fit for a delivery, by what a look at it shows."""

from collections.abc import Callable

from bluegreen.errors import PortError
from bluegreen.ports import Facts
from bluegreen.setup import host
from bluegreen.setup.findings import Verdict

MAX_SKEW = 30.0
"""Seconds that the clocks may be apart."""


def refuse(lacking: str) -> None:
    """End what wants room and time.

    Raises:
        PortError: always.
    """
    raise PortError(lacking)


def check(
    facts: Facts, least_free_bytes: int, now: float, lacks: Callable[[str], None] = refuse
) -> None:
    """See that a server has the room, the time and the engine for it.

    Args:
        facts: What a look shows.
        least_free_bytes: Room that its disk must have.
        now: Seconds since 1970 by this machine's clock.
        lacks: Is told of room and time that it has not.

    Raises:
        PortError: it has not what it must have.
    """
    if facts.free_bytes < least_free_bytes:
        lacks(
            f"{facts.free_bytes / 1e9:.1f} GB are free on the server's disk, and "
            f"{least_free_bytes / 1e9:.1f} GB are wanted; prune, or add room"
        )
    skew = abs(facts.now.timestamp() - now)
    if skew > MAX_SKEW:
        lacks(f"the server's clock is {skew:.0f} s off; set both by NTP")
    engine = host.engine(facts.engine)
    if engine.verdict is Verdict.PROBLEM:
        raise PortError(f"{engine.said}; {engine.advice}")
