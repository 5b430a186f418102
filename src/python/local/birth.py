"""What tells a process from any other that has, had or will have its pid.

psutil's time of creation is no such thing on Linux: it is a time of day, computed from when the
machine was started, which moves with each step of the clock. The kernel itself counts ticks since
its start.
"""

import sys
from pathlib import Path

import psutil

_PROC = Path("/proc")
_START_TICKS = 19  # the field of /proc/PID/stat, counted from the one after the name


def birth_of(pid: int, proc: Path = _PROC) -> str:
    """Describe the start of a process, so that no other process of this pid has the same.

    Args:
        pid: The process.
        proc: Where Linux tells about processes.

    Raises:
        psutil.NoSuchProcess: there is none of this pid.
    """
    if not sys.platform.startswith("linux"):
        # An absolute time that the system keeps with the process.
        return str(psutil.Process(pid).create_time())
    try:
        status = (proc / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None
    # The name may hold spaces and brackets of its own.
    ticks = status.rpartition(")")[2].split()[_START_TICKS]
    return f"{_boot(proc)}/{ticks}"


def is_of_this_boot(birth: str, proc: Path = _PROC) -> bool:
    """Whether the process can have been started since the machine was; where unknown, it can."""
    return birth.startswith(f"{_boot(proc)}/") or not sys.platform.startswith("linux")


def _boot(proc: Path) -> str:
    try:
        return (proc / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    except FileNotFoundError:
        return ""
