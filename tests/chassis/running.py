"""The small service of this suite, as the process that a user runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
COMPLETE = {"TANDEM_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "TANDEM_HTTP_PORT": "0"}


@contextmanager
def greeter(**settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chassis.greeter"],
        env={**environment, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_entry(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    entry: dict[str, object] = json.loads(process.stdout.readline())
    return entry
