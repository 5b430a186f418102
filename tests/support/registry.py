"""A real image registry on loopback, which the engine takes without TLS.

with registry() as one:
    docker("push", f"{one.host}/tandem/account:dev")
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.requirements import missing

PROGRAM = "docker-registry"
"""Debian's package of the same name has it."""

USER, PASSWORD = "deployer", "open sesame"
"""Who is let in where a login is asked for."""

_HASH = "$2b$05$CvxocRp7GlVIIvO1YrwZOuY5dmCLjALUBjIbeEcFGW7UKWje..Kgu"
_PUSH = re.compile(r'"PUT /v2/(\S+)/manifests/')
_START_TIMEOUT = 20.0  # seconds
_STOP_TIMEOUT = 10.0
_POLL_INTERVAL = 0.05


class RegistryError(Exception):
    """It did not start; the message says why."""


@dataclass
class Registry:
    """A registry.

    Attributes:
        host: Its HOST:PORT, as the names of its images begin.
        folder: Where it keeps images and its log.
        login: The user and password that it asks for; None if it asks for none.
    """

    host: str
    folder: Path
    login: tuple[str, str] | None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RegistryError: it does not, in time.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            missing(f"no {PROGRAM}: install Debian's package of this name")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed command
                [program, "serve", str(_configuration(self))],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"},
            )
        _wait(self, self._process)

    def stop(self) -> None:
        """End it; its images stay."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_TIMEOUT)

    def tags(self, name: str) -> Sequence[str]:
        """The tags of an image, sorted; none if it was never pushed."""
        answer = httpx.get(f"http://{self.host}/v2/{name}/tags/list", auth=self.login, timeout=10)
        return sorted(answer.json().get("tags") or ())

    def pushes(self) -> int:
        """How many manifests it was sent."""
        return len(self.pushed())

    def pushed(self) -> Sequence[str]:
        """The images whose manifests it was sent, in this order."""
        return _PUSH.findall((self.folder / "log").read_text())


@contextmanager
def registry(*, login: bool = False) -> Iterator[Registry]:
    """Run a registry on a free port; its images go with it.

    Args:
        login: Whether it asks for `USER` and `PASSWORD`.

    Raises:
        RegistryError: it does not answer in time.
    """
    with tempfile.TemporaryDirectory(prefix="tandem-registry-") as scratch:
        one = Registry(
            f"127.0.0.1:{free_port()}", Path(scratch), (USER, PASSWORD) if login else None
        )
        try:
            one.start()
            yield one
        finally:
            one.stop()


def _configuration(one: Registry) -> Path:
    passwords = one.folder / "htpasswd"
    passwords.write_text(f"{USER}:{_HASH}\n")
    content = {
        "version": "0.1",
        "storage": {
            "filesystem": {"rootdirectory": str(one.folder / "images")},
            "delete": {"enabled": True},
        },
        "http": {"addr": one.host},
    }
    if one.login:
        content["auth"] = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
    file = one.folder / "config.yml"
    file.write_text(json.dumps(content))
    return file


def _wait(one: Registry, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(f"http://{one.host}/v2/", timeout=1)
        except httpx.TransportError:
            time.sleep(_POLL_INTERVAL)
        else:
            return
    raise RegistryError(f"no answer from {one.host}:\n{(one.folder / 'log').read_text()}")
