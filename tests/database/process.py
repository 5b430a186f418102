"""The service as a process of its own, and how it is reached."""

import json
from collections.abc import Mapping
from pathlib import Path

import grpc_kafka
from tests.support import embedded_kafka
from tests.support.database import Addresses
from tests.support.ports import free_port
from tests.support.services import Service

LANE = "blue"
CALLER = "tests"
"""The application that calls."""


def service_on(
    kafka: str, addresses: Addresses, logs: Path, more: Mapping[str, str] | None = None
) -> Service:
    """The service on this broker and these databases, with more settings; not started."""
    settings = {
        **(more or {}),
        "TANDEM_DATABASE_URL": addresses.app,
        "TANDEM_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TANDEM_KAFKA_OPTIONS": json.dumps(embedded_kafka.SETTINGS),
    }
    return Service("database", "services.database", free_port(), settings, logs)


def endpoint(application: str, bootstrap_servers: str = "none.invalid:1") -> grpc_kafka.Endpoint:
    """Where an application calls or serves; by default nowhere, for the broker in memory."""
    return grpc_kafka.Endpoint(
        bootstrap_servers=bootstrap_servers,
        lane=LANE,
        application=application,
        kafka=embedded_kafka.SETTINGS,
    )
