"""A real Prometheus, and its tool that checks rules.

with prometheus.running(configuration, folder) as server:
    server.query("up")
"""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.ports import free_ports
from tests.support.requirements import missing

FOLDER = "TANDEM_TEST_PROMETHEUS"
"""Names the folder of the programs `prometheus` and `promtool`."""

START_TIMEOUT = 30.0
"""Seconds until it is ready."""

_STOP_TIMEOUT = 10.0
_POLL_INTERVAL = 0.1


class PrometheusError(Exception):
    """It did not start, or refused a query; the message says why."""


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs.

    Attributes:
        url: Where it answers.
    """

    url: str

    def query(self, expression: str) -> Sequence[Mapping[str, str]]:
        """The labels of all that an expression has now.

        Raises:
            PrometheusError: it is no expression.
        """
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10)
        body = answer.json()
        if body["status"] != "success":
            raise PrometheusError(f"{expression}: {body['error']}")
        return [each["metric"] for each in body["data"]["result"]]

    def rules(self) -> Mapping[str, str]:
        """How each rule fares: `ok`, `unknown` before its first time, or `err`."""
        answer = httpx.get(f"{self.url}/api/v1/rules", timeout=10).raise_for_status()
        groups = answer.json()["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}


def program(name: str) -> Path:
    """Where `prometheus` or `promtool` is; skips the test where it is not."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        missing(f"needs Prometheus: set {FOLDER} to the folder of prometheus and promtool")
    return Path(folder) / name


@contextmanager
def running(configuration: Path, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus on a free loopback port.

    Args:
        configuration: Its configuration.
        folder: Where it keeps what it measured, and its log.

    Raises:
        PrometheusError: it is not ready in time.
    """
    address = f"127.0.0.1:{free_ports(1)[0]}"
    command = [
        str(program("prometheus")),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603  # as above
    try:
        server = Prometheus(f"http://{address}")
        _wait_until_ready(server, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not _ready(server):
        if process.poll() is not None or time.monotonic() > deadline:
            raise PrometheusError(f"it did not start:\n{log.read_text()[-2000:]}")
        time.sleep(_POLL_INTERVAL)


def _ready(server: Prometheus) -> bool:
    try:
        return httpx.get(f"{server.url}/-/ready", timeout=2).is_success
    except httpx.TransportError:
        return False
