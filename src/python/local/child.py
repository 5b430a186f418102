"""A process that cannot be lost: it is written down before it becomes its program.

It starts as a shell that waits for one line on its standard input. Only when its pid and birth
are on the disk does the runner write that line, and the shell becomes the program. Should the
runner be killed in between, the shell reads the end of its input, and ends. The pipe stays the
program's standard input, so a program may take its end for the end of the runner. A program that
waits by itself needs no shell.
"""

import asyncio
import json
import os
import time
from asyncio.subprocess import PIPE, STDOUT, Process, SubprocessStreamProtocol
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from local.birth import birth_of
from local.ending import kill_group
from local.journal import LineCutter
from local.program import Program
from local.record import Entry, Record

_GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@"', "tandem-local")
_CHUNK = 65_536  # bytes
_OUTPUT_PATIENCE = 0.5  # seconds for output that is still in the pipe, or held by a grandchild

type Sink = Callable[[str], None]
"""Takes each line that the process writes."""


class _Exit(SubprocessStreamProtocol):
    """Tells the end of the process itself: `Process.wait` waits for the end of its output too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_CHUNK, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class Child:
    """One run of a program.

    Attributes:
        pid: Its pid; it leads a session and a process group of its own.
        started: When it was let go, or else started, seconds since the epoch.
    """

    def __init__(
        self,
        program: Program,
        transport: asyncio.SubprocessTransport,
        protocol: _Exit,
        *,
        record: Record,
        sink: Sink,
    ) -> None:
        self._process = process = Process(transport, protocol, asyncio.get_running_loop())
        self.pid = process.pid
        self.started = time.time()
        self._program = program
        self._transport = transport
        self._exited = protocol.exited
        self._record = record
        self._output = asyncio.create_task(self._read(sink))
        self._ended = asyncio.create_task(self._await_end())

    @classmethod
    async def spawn(
        cls,
        program: Program,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        directory: Path,
        record: Record,
        sink: Sink,
    ) -> "Child":
        """Start a process that waits for `go`.

        Args:
            program: What it is to become.
            argv: The command.
            env: All its variables, except those that `go` tells to a program that waits.
            directory: Where it runs.
            record: Where it is written down.
            sink: Takes its output, both streams, line by line.
        """
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: _Exit(loop),
            *(() if program.waits else _GATE),
            *argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=directory,
            env=env,
            start_new_session=True,
        )
        with suppress(psutil.NoSuchProcess):
            record.add(_entry(program, transport.get_pid()))
        return cls(program, transport, protocol, record=record, sink=sink)

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def go(self, env: Mapping[str, str]) -> None:
        """Let it become its program; one that waits by itself is told these variables."""
        assert self._process.stdin is not None  # noqa: S101  # asked for as a pipe
        self.started = time.time()
        self._process.stdin.write(f"{json.dumps(dict(env))}\n".encode())
        with suppress(ConnectionError):
            await self._process.stdin.drain()

    async def wait(self) -> int:
        """Wait until it has ended and its output is read; gives the exit code.

        What it leaves of its group is killed; output that others still hold open is let go.
        """
        return await asyncio.shield(self._ended)

    async def stop(self) -> int:
        """Ask it to end, then make it end; gives the exit code."""
        self.signal(self._program.stop_signal)
        try:
            async with asyncio.timeout(self._program.grace):
                return await self.wait()
        except TimeoutError:
            kill_group(self.pid)
            return await self.wait()

    async def discard(self) -> None:
        """End it although it may be in the middle of anything; for one that still waits."""
        kill_group(self.pid)
        await self.wait()

    def hurry(self) -> None:
        """End it now."""
        self.signal(self._program.hurry_signal)

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _read(self, sink: Sink) -> None:
        assert self._process.stdout is not None  # noqa: S101  # asked for as a pipe
        cutter = LineCutter()
        while data := await self._process.stdout.read(_CHUNK):
            for line in cutter.feed(data):
                sink(line)
        for line in cutter.finish():
            sink(line)

    async def _await_end(self) -> int:
        await self._exited.wait()
        code = self._transport.get_returncode()
        assert code is not None  # noqa: S101  # it has ended
        kill_group(self.pid)
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUTPUT_PATIENCE):
                await self._output
        self._transport.close()
        self._record.drop(self.pid)
        return code


def _entry(program: Program, pid: int) -> Entry:
    return Entry(program.name, pid, birth_of(pid), int(program.stop_signal), program.grace)
