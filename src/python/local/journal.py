"""What all processes wrote: on the disk, bounded, and the latest in memory, merged."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

_LINES_KEPT = 20_000
_FILE_LIMIT = 5_000_000  # bytes; with the file before it, a log takes at most twice that


@dataclass(frozen=True)
class Line:
    """One line that a process wrote.

    Attributes:
        at: When it was read, seconds since the epoch.
        program: Who wrote it.
        text: The line without its end.
    """

    at: float
    program: str
    text: str


class Journal:
    """The logs of all programs of one run, one file each, `<name>.log`, in one directory."""

    def __init__(self, directory: Path, *, file_limit: int = _FILE_LIMIT) -> None:
        self._directory = directory
        self._file_limit = file_limit
        self._lines: deque[Line] = deque(maxlen=_LINES_KEPT)
        self._files: dict[str, TextIO] = {}
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, program: str) -> Path:
        """Where the log of this program is."""
        return self._directory / f"{program}.log"

    def write(self, program: str, text: str) -> None:
        """Add a line; on a full disk it is kept in memory only."""
        self._lines.append(Line(time.time(), program, text))
        with suppress(OSError):
            file = self._file(program)
            file.write(f"{text}\n")
            file.flush()

    def latest(
        self, count: int, *, program: str = "", text: str = "", trace_id: str = ""
    ) -> list[Line]:
        """Give the latest lines that fit, oldest first.

        Args:
            count: At most as many.
            program: Only of this program, unless empty.
            text: Only those that hold this text, in whatever case.
            trace_id: Only those that hold this trace id.
        """
        wanted = text.lower()
        fitting = (
            line
            for line in reversed(self._lines)
            if program in {"", line.program}
            and wanted in line.text.lower()
            and trace_id in line.text
        )
        return list(islice(fitting, count))[::-1]

    def since_start(self, program: str, started: float, count: int) -> list[Line]:
        """Give the latest lines that a program wrote after it was started, oldest first."""
        return [line for line in self.latest(count, program=program) if line.at >= started]

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _file(self, program: str) -> TextIO:
        file = self._files.get(program)
        if file is not None and file.tell() < self._file_limit:
            return file
        if file is not None:
            file.close()
            self.path(program).replace(self._directory / f"{program}.log.1")
        fresh = self.path(program).open("a", encoding="utf-8", errors="backslashreplace")
        self._files[program] = fresh
        return fresh


class LineCutter:
    """Cuts a stream of bytes into lines, none longer than a limit."""

    def __init__(self, limit: int = 64_000) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """Give the lines that are complete now; a line over the limit is given in pieces."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._pieces(line)
        while len(self._rest) > self._limit:
            piece, self._rest = self._rest[: self._limit], self._rest[self._limit :]
            yield _text(piece)

    def finish(self) -> Iterator[str]:
        """Give what the stream ended with, if it is not empty."""
        rest, self._rest = self._rest, b""
        if rest:
            yield _text(rest)

    def _pieces(self, line: bytes) -> Iterator[str]:
        for start in range(0, max(len(line), 1), self._limit):
            yield _text(line[start : start + self._limit])


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="backslashreplace").removesuffix("\r")
