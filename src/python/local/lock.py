"""One runner a checkout, and the next one only when the last has left nothing."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.ending import end
from local.errors import AlreadyRunningError, StateError
from local.record import Entry, Record

_GUARD_PATIENCE = 30.0  # seconds that the guard of a killed runner has to end everything
_POLL = 0.05


@contextmanager
def owning(path: Path, record: Record) -> Iterator[tuple[int, list[Entry]]]:
    """Own the checkout while the context is entered.

    What a runner that was killed left behind is ended first: by its guard, which holds the lock
    meanwhile, or here, if the guard was killed too.

    Returns:
        The descriptor of the lock, for the guard to inherit, and the leftovers that were ended.

    Raises:
        AlreadyRunningError: another runner owns it.
        StateError: this user may not write the lock.
    """
    descriptor = _open(path)
    try:
        _acquire(descriptor, record)
        left = record.load()
        ended = end(left.entries) if left is not None else []
        record.remove()
        yield descriptor, ended
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(path, error.strerror or "") from error


def _acquire(descriptor: int, record: Record) -> None:
    deadline = time.monotonic() + _GUARD_PATIENCE
    while not _try(descriptor):
        run = record.load()
        if run is not None and run.alive():
            raise AlreadyRunningError(run.pid, run.url)
        if time.monotonic() > deadline:
            raise AlreadyRunningError(None, "")
        time.sleep(_POLL)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
