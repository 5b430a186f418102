"""Runs command lines on a server, and says why one failed."""

import re

from bluegreen.engine.lines import BUSY, Line
from bluegreen.errors import PortError, TemporaryError
from bluegreen.ssh.connection import Runs

_AWAY = re.compile(
    r"Cannot connect to the Docker daemon|error during connect|connection reset|context canceled"
    r"|unexpected EOF|transport is closing|no such network|i/o timeout",
    re.IGNORECASE,
)
_MOST_DETAIL = 6000
_MOST_REASON = 300
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What moves the cursor; Compose writes some whatever it is told of a terminal."""
_PROGRESS = re.compile(r"^ *(Container|Network|Volume) \S+ +[A-Z][a-z]+$\n?", re.MULTILINE)


class Compose:
    """Runs `docker compose` on one server.

    Args:
        connection: To the server.
    """

    def __init__(self, connection: Runs) -> None:
        self._connection = connection

    def run(self, line: Line, timeout: float) -> str:
        """Run a command line; gives what it wrote to its standard output.

        Raises:
            PortError: it failed; the detail is what it wrote.
            TemporaryError: it may work later, says its exit code of 75; or Docker was away.
        """
        done = self._connection.run(line.words, timeout=timeout)
        if done.code == 0:
            return _CONTROL.sub("", done.output)
        wrote = _PROGRESS.sub("", _CONTROL.sub("", f"{done.output}{done.errors}"))
        wrote = wrote[-_MOST_DETAIL:].strip()
        said = f": {_reason(wrote)}" if wrote else ""
        if done.code == BUSY or _AWAY.search(done.errors):
            raise TemporaryError(f"{line.name} cannot be done now{said}", wrote)
        raise PortError(f"{line.name} ended with {done.code}{said}", wrote)


def _reason(wrote: str) -> str:
    """The last line that a program wrote, with what is indented below it, as one."""
    last: list[str] = []
    for line in wrote.splitlines():
        last = [*last, line] if line.startswith(" ") else [line]
    return "; ".join(" ".join(line.split()) for line in last)[:_MOST_REASON]
