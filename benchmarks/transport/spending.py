"""Processor time and memory of processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

ROLES = ("client", "server", "broker")


@dataclass(frozen=True, slots=True)
class Spending:
    """Seconds of processor, user and system, that each role's process used since it began."""

    of: Mapping[str, float]

    def since(self, earlier: Spending) -> Spending:
        """What was used between an earlier look and this one."""
        return Spending({role: used - earlier.of[role] for role, used in self.of.items()})

    @property
    def total(self) -> float:
        """Of all."""
        return sum(self.of.values())


def now(pids: Mapping[str, int]) -> Spending:
    """Look at the processes of these roles, each with those that it started."""
    return Spending({role: _used(pid) for role, pid in pids.items()})


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    size: int = psutil.Process(pid).memory_info().rss
    return size


def _used(pid: int) -> float:
    process = psutil.Process(pid)
    seconds = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        seconds += times.user + times.system
    return seconds
