"""Measured processes, as who measures them sees them."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.measured.pipe import READY

START_TIMEOUT = 60.0
"""Seconds until a process must be ready."""

ANSWER_TIMEOUT = 180.0
"""Seconds until an order must be carried out, whatever it is."""

_STOP_TIMEOUT = 20.0


class ProcessError(Exception):
    """A process ended, or was silent for too long; the message has the end of its errors."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and where it finds what it is to run.

    Attributes:
        path: the program.
        environment: variables beside those of this process.

    """

    path: str = sys.executable
    environment: Mapping[str, str] = field(
        default_factory=lambda: {"PYTHONPATH": os.pathsep.join(sys.path)}
    )


class Process:
    """A module that runs as a process, which is told what to do by its standard input.

    Args:
        interpreter: what runs it.
        module: its name.
        arguments: those of its command line.
        folder: where its errors are written.

    """

    def __init__(
        self, interpreter: Interpreter, module: str, arguments: tuple[str, ...], folder: Path
    ) -> None:
        self._name = f"{module.rpartition('.')[2]} {arguments[0]}"
        self._errors = folder / f"{self._name.replace(' ', '-')}-{os.urandom(4).hex()}.log"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - a module of this repository
                [interpreter.path, "-P", "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=os.environ | interpreter.environment,
            )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def await_ready(self) -> Self:
        """Wait until it says that it is ready.

        Raises:
            ProcessError: it ended, or did not in `START_TIMEOUT` seconds.
        """
        answer = self._answer(START_TIMEOUT)
        if answer != READY:
            raise ProcessError(f"{self._name} said {answer!r}")
        return self

    def tell(self, order: str, *arguments: float) -> None:
        """Have it do something; its `answer` must be fetched."""
        if self._process.stdin is None:
            raise ProcessError(f"{self._name} hears nothing")
        self._process.stdin.write(json.dumps([order, *arguments]).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> object:
        """What it answers to what it was told.

        Raises:
            ProcessError: it ended, or did not answer in `ANSWER_TIMEOUT` seconds.
        """
        return self._answer(ANSWER_TIMEOUT)

    def ask(self, order: str, *arguments: float) -> object:
        """`tell`, and `answer`."""
        self.tell(order, *arguments)
        return self.answer()

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Have it end."""
        if self._process.stdin is not None:
            # What a process was told that ended before it heard of it is of no interest.
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT)
        self._reader.join(_STOP_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as said:
                for line in said:
                    self._lines.put(line)
        self._lines.put(b"")

    def _answer(self, timeout: float) -> object:
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise ProcessError(f"{self._name} said nothing in {timeout:.0f} s") from None
        if not line:
            end = self._errors.read_text(errors="replace")[-2000:]
            raise ProcessError(f"{self._name} ended\n{end}")
        try:
            answer: object = json.loads(line)
        except ValueError as error:
            raise ProcessError(f"{self._name} said {line!r}") from error
        return answer
