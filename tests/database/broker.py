"""A broker for a service that runs as a process: the one that librdkafka carries in itself."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

import grpc_kafka
from grpc_kafka.topics import of_inbox, of_queue
from tests.support.database import Addresses
from tests.support.postgres import free_port
from tests.support.services import Service, environment

LANE = "blue"
CALLER = "tests"
"""The application that calls."""

OPTIONS = {"fetch.wait.max.ms": "2"}
"""What this broker needs of its clients."""

_STORES = ("AccountStore", "SessionStore", "ActivityLog", "AttemptStore")
_TIMEOUT = 10.0


@contextmanager
def running() -> Iterator[str]:
    """A started broker with the topics of the stores; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.broker"],  # a command of our own
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        # It makes a topic when it is first asked about.
        client = Producer({"bootstrap.servers": address})
        for name in _topics():
            client.list_topics(name, timeout=_TIMEOUT)
        yield address
        process.send_signal(signal.SIGTERM)


def service_on(kafka: str, addresses: Addresses, logs: Path) -> Service:
    """The service as a process of its own; not started."""
    settings = {
        "TANDEM_DATABASE_URL": addresses.app,
        "TANDEM_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TANDEM_KAFKA_OPTIONS": json.dumps(OPTIONS),
    }
    return Service("database", "services.database", free_port(), settings, logs)


def endpoint(application: str, bootstrap_servers: str = "none.invalid:1") -> grpc_kafka.Endpoint:
    """Where an application calls or serves; by default nowhere, for the broker in memory."""
    return grpc_kafka.Endpoint(
        bootstrap_servers=bootstrap_servers,
        lane=LANE,
        application=application,
        kafka=OPTIONS,
    )


def _topics() -> Iterator[str]:
    for store in _STORES:
        yield of_queue(LANE, f"tandem.database.v1.{store}")
    for application in ("database", CALLER):
        yield of_inbox(LANE, application)
