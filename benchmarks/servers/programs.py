"""Servers of others, as processes on loopback that end with the measurement."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT = 60.0
"""Seconds that a server has until it takes connections."""

_STOP_TIMEOUT = 20.0
_PAUSE = 0.05


class MissingError(Exception):
    """A program is not installed; the message says what to install."""


class StartError(Exception):
    """A server ended, or took no connection in time; the message has the end of its log."""


def find(program: str, package: str) -> str:
    """The path of a program (a name, or a path) of a Debian package.

    Raises:
        MissingError: it is not there.
    """
    found = shutil.which(program)
    if found is None:
        raise MissingError(f"{program} is not installed (Debian: apt-get install {package})")
    return found


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until it takes connections; give its process id; end it at the end.

    Raises:
        StartError: it ended, or took none in time.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - a server that is installed here
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        _await_connection(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_connection(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"{process.args!r} ended with {process.returncode}\n{_end_of(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(_PAUSE)
        else:
            return
    raise StartError(
        f"{process.args!r} took no connection in {START_TIMEOUT:.0f} s\n{_end_of(log)}"
    )


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
