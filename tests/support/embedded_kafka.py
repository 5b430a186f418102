"""The product's own embedded broker as a process, for suites that need no Apache Kafka.

with embedded_kafka.running() as address:
    Endpoint(address, lane="blue", application="tests", kafka=embedded_kafka.SETTINGS)
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SETTINGS = {"fetch.wait.max.ms": "2", "allow.auto.create.topics": "true"}
"""What a client of this broker sets: its fetches are not woken by new records, and its topics
appear when they are named."""

START_TIMEOUT = 60.0
"""Seconds that the broker has to say its address."""

STOP_TIMEOUT = 10.0
"""Seconds that the broker has to end."""


class EmbeddedKafkaStartError(Exception):
    """The embedded broker said no address."""


@contextmanager
def running() -> Iterator[str]:
    """Start a broker, give its address, end it by closing its standard input."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "local.broker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        yield _address(process)
    finally:
        _stop(process)


def _address(process: subprocess.Popen[bytes]) -> str:
    if process.stdout is None:
        raise EmbeddedKafkaStartError("the embedded broker has no output to read")
    ready, _, _ = select.select([process.stdout], [], [], START_TIMEOUT)
    line = process.stdout.readline().decode().strip() if ready else ""
    if not line:
        raise EmbeddedKafkaStartError("the embedded broker said no address; its errors are above")
    return line


def _stop(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
