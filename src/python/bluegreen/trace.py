"""What is run, on a server or here: a line as it begins and one as it ends, for who asks for them.

None of them has a secret among its words: those travel by standard input. The commands of the
settings that print secrets are not told.
"""

import itertools
import logging
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

_LOG = logging.getLogger(__name__)
_NUMBERS = itertools.count(1)
_MOST = 120  # characters of a word

type Line = Callable[[str], None]
"""Is told a line."""


class _Handler(logging.Handler):
    def __init__(self, tell: Line) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


def listen(tell: Line) -> None:
    """Have somebody told from now on, and nobody else."""
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    _LOG.handlers[:] = [_Handler(tell)]


@contextmanager
def traced(where: str, command: Sequence[str]) -> Iterator[Callable[[int], None]]:
    """A command that runs while the context is entered; to be told its exit code.

    Args:
        where: A server's address, or that it is here.
        command: The program and its arguments.
    """
    number, began = next(_NUMBERS), time.monotonic()
    codes: list[int] = []
    _LOG.info("[%d] %s: %s", number, where, _shown(command))
    try:
        yield codes.append
    finally:
        how = f"ended with {codes[0]}" if codes else "was given up"
        _LOG.info("[%d] %s after %.1f s", number, how, time.monotonic() - began)


def answered(where: str, question: str, code: int, seconds: float) -> None:
    """Tell of what a server was asked otherwise than by a command.

    Args:
        where: Its address.
        question: What it was asked.
        code: What it answered, as in HTTP.
        seconds: How long that took.
    """
    asked = f"{where}: {question}"
    _LOG.info("[%d] %s answered %d after %.1f s", next(_NUMBERS), asked, code, seconds)


def _shown(command: Sequence[str]) -> str:
    return shlex.join(_short(word) for word in command)


def _short(word: str) -> str:
    """A word as it is, or the beginning of a script."""
    first, more, _ = word.partition("\n")
    return f"{first[:_MOST]}…" if more or len(first) > _MOST else first
