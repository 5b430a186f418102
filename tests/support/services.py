"""A service of the system as a process, started as its users start it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

START_TIMEOUT = 40.0
"""Seconds that a service has until it says of itself that it is healthy."""

STOP_TIMEOUT = 20.0
"""Seconds that a service has to finish what it does and end."""

_POLL_INTERVAL = 0.05

type Entry = dict[str, object]
"""A line of a log, parsed."""


class ServiceError(Exception):
    """A service did not do what it was started for.

    Attributes:
        name: Its name.
        tail: The end of what it wrote.
    """

    def __init__(self, name: str, what: str, tail: str) -> None:
        self.name = name
        self.tail = tail
        super().__init__(f"{name} {what}; the end of its log:\n{tail}")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a process of the system sees: the product's code as this one sees it, and settings.

    Nothing else of this process's environment: a setting of whoever runs the tests must not reach
    the system.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry),
        "PYTHONDONTWRITEBYTECODE": "1",
        **settings,
    }


def run(module: str, *arguments: str, settings: Mapping[str, str], timeout: float) -> str:
    """Run a service's command to its end; gives what it wrote.

    Raises:
        ServiceError: it failed, or took longer than `timeout` seconds.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # a command of the system itself
            command,
            check=False,
            env=environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            module, f"{' '.join(arguments)} took too long", str(error.output)
        ) from None
    if done.returncode != 0:
        raise ServiceError(module, f"{' '.join(arguments)} failed", done.stdout)
    return done.stdout


class Service:
    """One process of a service, and those that follow it under the same name.

    Attributes:
        name: Unique in the system; names the log files.
        port: Where it answers `/healthz`.
        log: What its processes write to standard output, JSON lines.
    """

    def __init__(
        self, name: str, module: str, port: int, settings: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self.port = port
        self.log = logs / f"{name}.log"
        self._stray = logs / f"{name}.stderr"
        self._command = [sys.executable, "-m", module, "serve"]
        self._environment = environment({**settings, "TANDEM_HTTP_PORT": str(port)})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process; does not wait for it."""
        with self.log.open("ab") as log, self._stray.open("ab") as stray:
            self._process = subprocess.Popen(  # noqa: S603  # as above
                self._command, env=self._environment, stdout=log, stderr=stray
            )

    @property
    def runs(self) -> bool:
        """Whether its process is there, healthy or not."""
        return self._process is not None and self._process.poll() is None

    def health(self) -> str:
        """Ask it now: "ok", or what it answered, or why it did not answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=3)
        except httpx.TransportError as error:
            return f"{type(error).__name__}: {error}"
        return "ok" if answer.is_success else answer.text

    def wait_until_healthy(self, timeout: float = START_TIMEOUT) -> None:
        """Return as soon as the service says that it is healthy.

        Raises:
            ServiceError: it ended, or did not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while (health := self.health()) != "ok":
            if not self.runs:
                raise ServiceError(self.name, "ended", self.tail())
            if time.monotonic() > deadline:
                raise ServiceError(
                    self.name, f"is not healthy after {timeout:g} s ({health})", self.tail()
                )
            time.sleep(_POLL_INTERVAL)

    def kill(self) -> None:
        """End its process as a crash would, at once."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """Ask its process to end, and wait; gives the exit code.

        Raises:
            ServiceError: it did not end in time; it is killed then.
        """
        try:
            return self._signal(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceError(
                self.name, f"ran on {STOP_TIMEOUT:g} s after SIGTERM", self.tail()
            ) from None

    def _signal(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        return self._process.wait(STOP_TIMEOUT)

    def entries(self) -> Iterator[Entry]:
        """All that it logged so far.

        Raises:
            ServiceError: a line is not a JSON object.
        """
        for line in self.log.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict):
                raise ServiceError(self.name, "logged a line that is no JSON object", line)
            yield entry

    def stray_output(self) -> str:
        """What it wrote beside its log; a service in good order writes nothing there."""
        return self._stray.read_text() if self._stray.exists() else ""

    def tail(self, lines: int = 40) -> str:
        """The end of all that it wrote."""
        written = self.log.read_text().splitlines() if self.log.exists() else []
        return "\n".join([*written[-lines:], *self.stray_output().splitlines()[-lines:]])
