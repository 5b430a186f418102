"""Outlives the runner by the moment that it takes to end what the runner leaves behind.

`python -m local.guard RECORD` waits until its standard input, a pipe that only the runner holds, is
closed: by an orderly end, or by the kernel when the runner is killed. Then it ends the processes
that the record still names. It has a session of its own, so that no terminal reaches it, and holds
the checkout's lock, so that the next start waits for it.
"""

import os
import signal
import sys
from pathlib import Path

from local.ending import end
from local.record import Record


def main() -> None:
    """Wait for the runner's end, then end its processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    record = Record(Path(sys.argv[1]))
    while os.read(0, 4096):
        pass
    run = record.load()
    if run is not None:
        end(run.entries)
        record.remove()


if __name__ == "__main__":
    main()
