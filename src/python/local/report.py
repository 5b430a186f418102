"""What a person at the terminal reads while the system runs."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from local.cause import probable
from local.errors import PartFailedError
from local.log_line import parse

_NAME_WIDTH = 12
_STATE_WIDTH = 9


class Report(Protocol):
    """Is told what happens to the parts."""

    def step(self, name: str, state: str, seconds: float) -> None:
        """A part reached a state, after so many seconds."""

    def failed(self, error: PartFailedError) -> None:
        """A part does not run."""

    def reloaded(self, name: str, seconds: float, because: str) -> None:
        """A part was started again."""

    def say(self, text: str) -> None:
        """Anything else."""


class Terminal:
    """Writes each thing as lines; a terminal that was closed is no error."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty()

    def step(self, name: str, state: str, seconds: float) -> None:
        """Write one aligned line."""
        self.say(f"{name:<{_NAME_WIDTH}} {state:<{_STATE_WIDTH}} {seconds:5.2f} s")

    def failed(self, error: PartFailedError) -> None:
        """Write what happened, the end of the log, the probable cause and what to do."""
        tail = [line for text in error.tail for line in parse(text).render().splitlines()]
        self.say(self._red(f"{error.name} {error.what}"))
        self._block(tail)
        cause = probable(error.what, "\n".join(tail))
        if cause:
            self.say(f"  probably: {cause}")
        self.say(f"  the whole log: {error.log}")
        if error.remedy:
            self.say(f"  to start it again: {error.remedy}")

    def reloaded(self, name: str, seconds: float, because: str) -> None:
        """Write one line."""
        self.say(f"{name} reloaded in {seconds:.1f} s: {because}")

    def say(self, text: str) -> None:
        """Write the text and flush it; of characters that the terminal lacks, their numbers."""
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n")
            self._stream.flush()
        except OSError:
            _lead_nowhere(self._stream)

    def _block(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.say(f"  | {line}")

    def _red(self, text: str) -> str:
        return f"\x1b[31m{text}\x1b[0m" if self._colour else text


def _lead_nowhere(stream: TextIO) -> None:
    """Let what the stream holds go: the interpreter's exit would fail on it once more."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def summary(urls: Mapping[str, str]) -> str:
    """List where the system answers, aligned."""
    return "\n".join(f"  {what:<{_NAME_WIDTH}} {url}" for what, url in urls.items())
