"""How quiet the machine was: figures of a busy one are those of its other work, too."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, field

import psutil

from benchmarks.transport.figures import Spread
from benchmarks.transport.tables import milliseconds

_LOOP = 300_000


def _cores() -> int:
    return psutil.cpu_count() or 1


def _stolen_so_far() -> float:
    # Only Linux knows.
    seconds: float = getattr(psutil.cpu_times(), "steal", 0.0)
    return seconds


@dataclass(slots=True)
class Noise:
    """What the same piece of work took, again and again, and what others did meanwhile."""

    work: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    _stolen: float = field(default_factory=_stolen_so_far)
    _since: float = field(default_factory=time.monotonic)

    def sample(self) -> None:
        """Do the work once, while nothing of ours is measured."""
        start = time.perf_counter()
        sum(range(_LOOP))
        self.work.append(time.perf_counter() - start)
        self.loads.append(os.getloadavg()[0])

    def report(self) -> str:
        """One paragraph."""
        share = (_stolen_so_far() - self._stolen) / (time.monotonic() - self._since) / _cores()
        return (
            f"{platform.system()} {platform.machine()}, {_cores()} cores, "
            f"CPython {platform.python_version()}. Noise: between the measurements the same short "
            f"loop took {milliseconds(Spread.of(self.work))} ms; load average "
            f"{min(self.loads):.1f}-{max(self.loads):.1f}; "
            f"{share:.1%} of the processors' time went to other guests."
        )
