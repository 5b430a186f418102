"""Runs command lines on a server, and says why one failed."""

import re

from bluegreen.engine.lines import BUSY, Line
from bluegreen.errors import LateError, PortError, TemporaryError
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
            TemporaryError: it may work later, says its exit code of 75; it took too long, or waited
                so long for an earlier command; or Docker was away.
        """
        try:
            done = self._connection.run(line.words, timeout=timeout)
        except LateError as error:
            wrote = _readable(error.wrote)
            late = f"{line.name} took longer than {timeout:g} s{_said(wrote)}"
            raise TemporaryError(late, wrote) from None
        if done.code == 0:
            return _CONTROL.sub("", done.output)
        wrote = _readable(f"{done.output}{done.errors}")
        if done.code == BUSY or _AWAY.search(done.errors):
            said = _said(wrote) or ": an earlier command still runs on the server"
            raise TemporaryError(f"{line.name} cannot be done now{said}", wrote)
        raise PortError(f"{line.name} ended with {done.code}{_said(wrote)}", wrote)


def _readable(wrote: str) -> str:
    return _PROGRESS.sub("", _CONTROL.sub("", wrote))[-_MOST_DETAIL:].strip()


def _said(wrote: str) -> str:
    return f": {_reason(wrote)}" if wrote else ""


def _reason(wrote: str) -> str:
    """The last line that a program wrote, with what is indented below it, as one."""
    last: list[str] = []
    for line in wrote.splitlines():
        last = [*last, line] if line.startswith(" ") else [line]
    return "; ".join(" ".join(line.split()) for line in last)[:_MOST_REASON]
