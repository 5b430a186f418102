"""What runs, written down: by it a runner's death leaves nothing unknown.

The file is written before a process becomes the program it is meant to be (see `local.child`), and
names each process by pid and birth, so that a pid used again is not taken for the process.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from local.birth import birth_of, is_of_this_boot


@dataclass(frozen=True)
class Entry:
    """A process that was started, and how it is ended.

    Attributes:
        name: The program's name.
        pid: Its pid, which is also its process group.
        birth: Which process of this pid it is.
        stop_signal: Asks it to end.
        grace: Seconds it has to end.
    """

    name: str
    pid: int
    birth: str
    stop_signal: int
    grace: float

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return is_alive(self.pid, self.birth)

    def owns_group(self) -> bool:
        """Whether a process group of its pid, if there is one, is its own.

        While any process of the group runs, the system gives the pid to no other process.
        """
        try:
            return birth_of(self.pid) == self.birth
        except psutil.NoSuchProcess:
            return is_of_this_boot(self.birth)


@dataclass(frozen=True)
class Run:
    """A runner, and the processes it has started, oldest first."""

    pid: int
    birth: str
    url: str
    entries: tuple[Entry, ...] = ()

    def alive(self) -> bool:
        """Whether the runner itself still runs."""
        return is_alive(self.pid, self.birth)


def is_alive(pid: int, birth: str) -> bool:
    """Whether the process of this pid and birth runs; a zombie does not."""
    try:
        same = birth_of(pid) == birth
        return same and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Record:
    """The file that holds the run; each change is whole on the disk before the call returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Run | None:
        """Read the run; None when there is none, or when the file cannot be understood."""
        try:
            fields = json.loads(self._path.read_text())
            entries = tuple(Entry(**entry) for entry in fields.pop("entries"))
            return Run(**fields, entries=entries)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def save(self, run: Run) -> None:
        """Put this run in the place of what was there."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(run), indent=1))
        fresh.replace(self._path)

    def add(self, entry: Entry) -> None:
        """Write down one more process."""
        self._change(lambda entries: (*entries, entry))

    def drop(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._change(lambda entries: tuple(entry for entry in entries if entry.pid != pid))

    def remove(self) -> None:
        """The run is over."""
        self._path.unlink(missing_ok=True)

    def _change(self, change: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> None:
        run = self.load()
        if run is not None:
            self.save(replace(run, entries=change(run.entries)))
