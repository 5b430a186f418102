"""The whole system as real processes on this machine: Kafka, PostgreSQL, nginx and the services.

    with system.running() as tandem:
        httpx.get(tandem.url)

Everything listens on free loopback ports, and ends with the context, in the reverse order.
"""

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grpc_kafka import topics
from local.topology import needed
from tests.support import database, kafka, nginx, postgres, services
from tests.support.applications import APPLICATIONS
from tests.support.database import Addresses
from tests.support.kafka import Kafka
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.services import Service, ServiceError

COMMAND_TIMEOUT = 60.0
"""Seconds for each command that runs before the services start."""

_LANE = "blue"
_TOPOLOGY = Path(__file__).parents[2] / "infra/kafka/services.toml"
_KEYS, _STATIC = "keys", "static"
# What a suite of the database may log for its own ends would be a leak here.
_LOGS_AS_INSTALLED = {"log_statement": "none"}
# At their real cost, hashes would be most of what two cores do here.
_QUICK_HASHES = {
    "TANDEM_PASSWORD_HASH_TIME_COST": "1",
    "TANDEM_PASSWORD_HASH_MEMORY_COST": "1024",
    "TANDEM_PASSWORD_HASH_PARALLELISM": "1",
}
_TAIL = 12  # lines
_TROUBLE = {"error", "critical"}

type Settings = Mapping[str, Mapping[str, str]]
"""The environment of each service, by its name."""


@dataclass
class System:
    """A system of which everything runs.

    Attributes:
        url: Where nginx answers.
        logs: The directory of all logs, a file for each process.
        kafka: The broker.
        postgres: The database server.
        settings: What each service is told.
        services: The processes of the services, by name.
    """

    url: str
    logs: Path
    kafka: Kafka
    postgres: Postgres
    settings: Settings
    services: dict[str, Service] = field(default_factory=dict)

    def start(self, account_port: int) -> None:
        """Start a process of each service, and wait until all are healthy.

        Raises:
            ServiceError: one is not.
        """
        for name in APPLICATIONS:
            self._start(name, name, account_port if name == "account" else free_port())
        self._wait_until_healthy()

    def add(self, service: str) -> Service:
        """Start one more process of a service, and wait until it is healthy.

        Raises:
            ServiceError: it is not.
        """
        added = self._start(f"{service}-{len(self.services)}", service, free_port())
        added.wait_until_healthy()
        return added

    def restore(self) -> None:
        """Bring back the first process of each service, and end those that were added.

        Raises:
            ServiceError: one does not become healthy.
        """
        for name, process in self.services.items():
            if name not in APPLICATIONS:
                process.stop()
            elif not process.runs:
                process.start()
        self._wait_until_healthy()

    def stop(self) -> None:
        """End all services, the last one first.

        Raises:
            ServiceError: one failed, or complained of its end.
        """
        before = len(self.complaints())
        for name, process in reversed(self.services.items()):
            code = process.stop()
            if code != 0 and name in APPLICATIONS:
                raise ServiceError(name, f"ended with the exit code {code}", process.tail())
        complaints = self.complaints()[before:]
        if complaints:
            raise ServiceError("the system", "complained of its end", "\n".join(complaints))

    def complaints(self) -> list[str]:
        """All errors that services logged so far, and what they wrote beside their logs."""
        found = []
        for process in self.services.values():
            errors = [entry for entry in process.entries() if entry["level"] in _TROUBLE]
            lines = [*map(str, errors), *process.stray_output().splitlines()]
            found += [f"{process.name}: {line}" for line in lines]
        return found

    def tails(self) -> Iterator[tuple[str, str]]:
        """The end of each log, after a title."""
        for path in sorted(self.logs.iterdir()):
            lines = path.read_text(errors="replace").splitlines()
            if lines:
                yield f"the end of {path.name}", "\n".join(lines[-_TAIL:])

    def _start(self, name: str, service: str, port: int) -> Service:
        settings = self.settings[service]
        process = Service(name, f"services.{service}", port, settings, self.logs)
        self.services[name] = process
        process.start()
        return process

    def _wait_until_healthy(self) -> None:
        for name in APPLICATIONS:
            self.services[name].wait_until_healthy()


@contextmanager
def running(settings: Mapping[str, str] | None = None) -> Iterator[System]:
    """Start the whole system; stops all of it at the end, in the reverse order.

    Args:
        settings: More of what every service is told.

    Raises:
        ServiceError: a service does not become healthy, or does not end as it should.
    """
    kafka.libs()  # where there is no Kafka, nothing is started
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tandem-system-")))
        logs = folder / "logs"
        logs.mkdir()
        with ThreadPoolExecutor(1) as beside:
            starting = beside.submit(stack.enter_context, kafka.running())
            server = stack.enter_context(postgres.running(_LOGS_AS_INSTALLED))
            addresses = database.new_addresses(server)
            _prepare(addresses, folder)
            broker = starting.result()
        topics.create(broker.bootstrap_servers, needed(_TOPOLOGY, _LANE))
        account_port, port = free_port(), free_port()
        url = f"http://127.0.0.1:{port}"
        told = _settings(broker, addresses, folder, url, settings or {})
        tandem = System(url, logs, broker, server, told)
        stack.callback(tandem.stop)
        tandem.start(account_port)
        edge = stack.enter_context(
            nginx.running(
                f"127.0.0.1:{account_port}",
                folder / _STATIC,
                folder=folder / "nginx",
                port=port,
            )
        )
        for log, written in {
            "nginx.log": edge.log,
            "nginx-errors.log": edge.error_log,
            "kafka.log": broker.log,
            "postgres.log": server.log,
        }.items():
            (logs / log).symlink_to(written)
        yield tandem


def _settings(
    broker: Kafka, addresses: Addresses, folder: Path, url: str, more: Mapping[str, str]
) -> Settings:
    common = {
        **more,
        "TANDEM_LANE": _LANE,
        "TANDEM_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
    }
    own = {
        "database": {"TANDEM_DATABASE_URL": addresses.app},
        "identity": {
            **_QUICK_HASHES,
            "TANDEM_SIGNING_KEYS": str(folder / _KEYS),
            "TANDEM_ATTEMPT_DIGEST_KEY": secrets.token_hex(),
        },
        "account": {"TANDEM_PUBLIC_URL": url},
    }
    return {name: {**common, **own.get(name, {})} for name in APPLICATIONS}


def _prepare(addresses: Addresses, folder: Path) -> None:
    """Run the commands that come before the services."""
    for module, *arguments in (
        ("services.database", "prepare"),
        ("services.database", "migrate", "expand"),
        ("services.identity", "keys", "create", str(folder / _KEYS)),
        ("services.account", "static", str(folder / _STATIC)),
    ):
        services.run(module, *arguments, settings=addresses.environment(), timeout=COMMAND_TIMEOUT)
