"""A runner under test: a process with its output, ended by the pids of its groups only."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import httpx
import psutil
from uuid_utils.compat import uuid7

from local.ending import group_runs, kill_group

_POLL = 0.02
_PATIENCE = 20.0

IMPORTABLE = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
"""The path of modules as this process has it."""


class Running:
    """A started runner.

    Attributes:
        root: The checkout that it runs.
        pid: Its pid.
    """

    def __init__(self, root: Path, module: str, *options: str) -> None:
        self.root = root
        self._output: list[str] = []
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", module, *options],
            cwd=root,
            env={**os.environ, "PYTHONPATH": IMPORTABLE},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # no thread of ours runs yet
        )
        os.close(slave)
        self.pid = self._process.pid
        self._seen: set[int] = set()
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that it wrote so far."""
        return "".join(self._output)

    def wait_for(self, text: str, *, after: int = 0, seconds: float = _PATIENCE) -> Self:
        """Return when the text was written, after the first so many characters."""
        self._wait(lambda: text in self.output[after:], f"no {text!r}", seconds)
        return self

    def mark(self) -> int:
        """How many characters it has written so far."""
        return len(self.output)

    def children(self) -> dict[str, int]:
        """The pids of the processes that it has written down, by name.

        A service that waits warm has the name of the one that runs, and was started after it.
        """
        try:
            run = json.loads((self.root / ".local" / "run.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        if run["pid"] != self.pid:
            # Another runner's, beside which this one was refused: not this one's to end.
            return {}
        entries = run["entries"]
        self._seen.update(entry["pid"] for entry in entries)
        return {entry["name"]: entry["pid"] for entry in reversed(entries)}

    def guard(self) -> int:
        """The pid of its guard."""
        found = [
            child.pid
            for child in psutil.Process(self.pid).children()
            if "local.guard" in child.cmdline()
        ]
        assert len(found) == 1
        self._seen.update(found)
        return found[0]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the runner alone."""
        os.kill(self.pid, number)

    def press_ctrl_c(self) -> None:
        """As at the keyboard: the terminal signals its foreground group."""
        os.write(self._master, b"\x03")

    def close_terminal(self) -> None:
        """As closing the window: the terminal hangs up."""
        self._closing.set()
        self._reader.join()
        os.close(self._master)
        self._master = -1

    def code(self, seconds: float = _PATIENCE) -> int:
        """Wait for its end; gives the exit code, negative for a signal."""
        return self._process.wait(seconds)

    def assert_nothing_left(self, seconds: float = _PATIENCE) -> None:
        """Every process that it ever named has ended, and so has all of its group."""
        self._wait(lambda: not any(map(group_runs, self._seen)), "processes are left", seconds)

    def end(self) -> None:
        """End it and all that it has started, whatever happened."""
        self.children()
        for pid in (self.pid, *self._seen):
            kill_group(pid)
        self._process.wait(_PATIENCE)
        if self._master >= 0:
            self.close_terminal()

    def _read(self) -> None:
        # A read under way would keep the terminal open past its close.
        with suppress(OSError):
            while not self._closing.is_set():
                if select.select([self._master], [], [], _POLL)[0]:
                    self._output.append(os.read(self._master, 65_536).decode(errors="replace"))

    def _wait(self, holds: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{what} within {seconds} s in:\n{self.output}"
            time.sleep(_POLL)


@contextmanager
def running(
    root: Path, *options: str, module: str = "tests.local.small_system"
) -> Iterator[Running]:
    """A runner for a checkout; whatever it leaves is killed at the end."""
    runner = Running(root, module, *options)
    try:
        yield runner
    finally:
        runner.end()


def page(port: int, path: str = "/") -> str:
    """What is served there."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10).text


def press_restart(port: int, name: str) -> int:
    """Press a button of the developer page on this port; gives the status."""
    site = f"http://127.0.0.1:{port}"
    token = page(port).split('name="token" value="')[1].split('"')[0]
    form, headers = {"token": token}, {"Origin": site}
    answer = httpx.post(f"{site}/restart/{name}", data=form, headers=headers, timeout=_PATIENCE)
    return answer.status_code


def sign_up(port: int, **known: str) -> int:
    """Open an account through nginx; gives the status.

    Where the machine is too busy for the site's deadlines, it is asked again, as the site advises.

    Args:
        port: Of nginx.
        known: What is typed, by fields of the form; the account is of somebody new otherwise.
    """
    site = f"http://127.0.0.1:{port}"
    typed = {
        "account_id": str(uuid7()),
        "email": f"someone-{time.time_ns()}@example.com",
        "password": "a long enough passphrase",
        "display_name": "Someone",
        **known,
    }
    url, origin = f"{site}/api/v1/accounts", {"Origin": site}
    deadline = time.monotonic() + _PATIENCE
    while True:
        answer = httpx.post(url, json=typed, headers=origin, timeout=_PATIENCE)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            return answer.status_code


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
