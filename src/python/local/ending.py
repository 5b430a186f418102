"""How the processes of a runner that is gone are ended."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

from local.record import Entry

_POLL = 0.02  # seconds


def end(entries: Sequence[Entry]) -> list[Entry]:
    """End what still runs, the youngest first, each by its own signal, then by SIGKILL.

    Returns:
        The processes that did run, be it only by others of their group.
    """
    found = [entry for entry in reversed(entries) if entry.alive() or _left_others(entry)]
    for entry in found:
        _end_one(entry)
    return found


def _end_one(entry: Entry) -> None:
    if entry.alive():
        with suppress(ProcessLookupError):
            os.kill(entry.pid, entry.stop_signal)
    deadline = time.monotonic() + entry.grace
    while entry.alive() and time.monotonic() < deadline:
        time.sleep(_POLL)
    # The rest of its group too: a server may have left a child of its own.
    kill_group(entry.pid)


def kill_group(pid: int) -> None:
    """Kill all processes of the group that this process leads, if there are any."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def group_runs(group: int) -> bool:
    """Whether any process of this group runs."""
    return any(_is_of(group, pid) for pid in psutil.pids())


def _left_others(entry: Entry) -> bool:
    return entry.owns_group() and group_runs(entry.pid)


def _is_of(group: int, pid: int) -> bool:
    try:
        return os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return False
