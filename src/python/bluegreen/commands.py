"""Programs of this machine, run without a shell and within a time."""

import codecs
import io
import math
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from bluegreen.errors import PortError
from bluegreen.trace import traced

type Say = Callable[[str], None]
"""Is told a line of progress."""

_HERE = "here"
_GRACE = 5.0  # seconds, from being asked to end to being killed
_MOST_DETAIL = 4000  # characters
_REST = 1.0  # seconds that a program's output is read after it has ended
_POLL = 0.1  # seconds
_CHUNK = 65_536  # bytes


def output(
    command: Sequence[str],
    *,
    timeout: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What a program prints.

    Args:
        command: The program and its arguments.
        timeout: Seconds that it may take.
        folder: Where it runs; here by default.
        environment: All its variables; those of this process by default.

    Raises:
        PortError: it cannot be run, failed, or took too long; the detail has what it wrote.
    """
    try:
        with traced(_HERE, command) as ended:
            done = subprocess.run(  # noqa: S603 - commands of the deployer and of its settings
                command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
                cwd=folder,
                env=environment,
            )
            ended(done.returncode)
    except subprocess.TimeoutExpired:
        raise PortError(f"{_shown(command)} took longer than {timeout:g} s") from None
    except OSError as error:
        raise _missing(command, error) from None
    if done.returncode != 0:
        wrote = f"{done.stdout}{done.stderr}".strip()[-_MOST_DETAIL:]
        raise PortError(f"{_shown(command)} ended with {done.returncode}", wrote)
    return done.stdout


def follow(
    command: Sequence[str],
    *,
    timeout: float,
    folder: Path,
    environment: Mapping[str, str],
    say: Say,
) -> None:
    """Run a program and tell each line that it writes, as it writes it.

    When it takes too long, or this process is interrupted, all that it started ends with it, except
    for what has a session of its own. What it leaves running is not waited for.

    Args:
        command: The program and its arguments.
        timeout: Seconds that it may take.
        folder: Where it runs.
        environment: All its variables.
        say: Is told the lines.

    Raises:
        PortError: it cannot be run, failed, or took too long.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the command of the settings
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise _missing(command, error) from None
    late = threading.Event()
    timer = threading.Timer(timeout, _end, [process, late])
    with traced(_HERE, command) as ended, process:
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            timer.start()
            for line in _lines(process, process.stdout):
                say(line)
            ended(code := process.wait())
        except BaseException:
            _end(process, late)
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise PortError(f"{_shown(command)} took longer than {timeout:g} s, and was ended")
    if code != 0:
        raise PortError(f"{_shown(command)} ended with {code}; what it wrote says why")


def _lines(process: subprocess.Popen[bytes], pipe: IO[bytes]) -> Iterator[str]:
    """What a program writes, until it has ended: a daemon of it may hold the pipe for ever."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), True)
    end, rest = math.inf, ""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while time.monotonic() < end:
            if end == math.inf and process.poll() is not None:
                end = time.monotonic() + _REST
            if ready.select(_POLL):
                read = os.read(pipe.fileno(), _CHUNK)
                *lines, rest = (rest + decoder.decode(read, final=not read)).split("\n")
                yield from lines
                if not read:
                    break
    if rest:
        yield rest


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)


def _missing(command: Sequence[str], error: OSError) -> PortError:
    return PortError(f"{command[0]} cannot be run: {error.strerror}; install it, or see PATH")
