"""Apache Kafka, as the suites start it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers.programs import MissingError
from tests.support import kafka


@contextmanager
def running() -> Iterator[tuple[str, int]]:
    """Run one with no data; give its address and its process id.

    Raises:
        MissingError: its jars are not there, or Java is not.
        KafkaStartError: it did not start.
    """
    os.environ[kafka.LIBS] = str(_libs())
    if shutil.which("java") is None:
        raise MissingError("Apache Kafka needs Java (Debian: apt-get install default-jre-headless)")
    with kafka.running() as broker:
        yield broker.bootstrap_servers, broker.pid


def _libs() -> Path:
    named = os.environ.get(kafka.LIBS)
    if named:
        return Path(named)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = Path(os.environ.get("TANDEM_CI_CACHE") or caches / "tandem-ci")
    found = [each for each in kept.glob("kafka-*") if not each.suffix]
    if not found:
        raise MissingError(f"Apache Kafka's jars: {kafka.LIBS} does not name their folder")
    return max(found, key=lambda each: each.stat().st_mtime)
