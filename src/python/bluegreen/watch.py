"""Whether a new lane does worse than the old one did. Pure."""

from dataclasses import dataclass

LOOK_SECONDS = 10.0
"""What a look is given at the least, the last one, too."""


@dataclass(frozen=True)
class Traffic:
    """How a lane answered in a while.

    Attributes:
        requests: How many.
        failures: How many of them by a status of 500 or more, or not at all.
        p99: Within how many seconds 99 % were answered.
    """

    requests: int = 0
    failures: int = 0
    p99: float = 0.0

    @property
    def failure_rate(self) -> float:
        """The part that failed, from 0 to 1."""
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Limits:
    """When a lane does too badly.

    Attributes:
        seconds: How long it is watched.
        interval: Seconds between two looks.
        least_requests: With fewer, nothing is concluded from rates.
        failure_rate: Part of requests that may fail beyond what failed in the old lane.
        slower: How many times the old lane's p99 the new one's may be.
        fast_enough: A p99 of fewer seconds is fine, whatever the old one was.
    """

    seconds: float = 60.0
    interval: float = 2.0
    least_requests: int = 20
    failure_rate: float = 0.01
    slower: float = 2.0
    fast_enough: float = 0.5

    @property
    def round(self) -> float:
        """Seconds for one more look, and for the pause before it."""
        return self.interval + LOOK_SECONDS


def complaint(new: Traffic, old: Traffic, limits: Limits) -> str | None:
    """What is wrong with the new lane beside the old one; None if nothing is, as far as known."""
    if new.requests < limits.least_requests:
        return None
    allowed = old.failure_rate + limits.failure_rate
    if new.failure_rate > allowed:
        return (
            f"{new.failures} of {new.requests} requests failed ({new.failure_rate:.1%}; "
            f"{old.failure_rate:.1%} in the old lane, {allowed:.1%} are allowed)"
        )
    slowest = max(limits.fast_enough, old.p99 * limits.slower)
    # A lane without a past is only held to its errors: nobody knows what is slow for it.
    if old.requests >= limits.least_requests and new.p99 > slowest:
        return (
            f"99 % of {new.requests} requests took up to {new.p99:.2f} s "
            f"({old.p99:.2f} s in the old lane, {slowest:.2f} s are allowed)"
        )
    return None
