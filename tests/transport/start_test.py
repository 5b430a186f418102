"""infra/kafka/start.sh: brokers that let in whom they know, from Apache Kafka's jars."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from grpc_kafka import topics
from grpc_kafka.access._command import main
from tests.support import kafka
from tests.support.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_INFRA = Path(__file__).parents[2] / "infra" / "kafka"
_SECRETS = ("admin", "broker", "shop")
_SECONDS = 60.0
_AS_ADMIN = {
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "admin",
    "sasl.password": "secret-of-admin",
}


@dataclass(slots=True)
class Node:
    """One node, as a process."""

    home: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home / "log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the project's own
                ["/bin/sh", str(_INFRA / "start.sh")],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )

    def await_health(self) -> None:
        end = time.monotonic() + _SECONDS
        while not self.healthy():
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.2)

    def healthy(self) -> bool:
        asked = ["/bin/bash", str(_INFRA / "healthy.sh"), str(self.port)]
        return not subprocess.run(  # noqa: S603 - the project's own
            asked, capture_output=True, timeout=_SECONDS, check=False
        ).returncode

    def arguments(self) -> str:
        """Of its process, as anybody sees them."""
        assert self.process is not None
        return Path(f"/proc/{self.process.pid}/cmdline").read_text()

    def stop(self) -> int:
        """End it in order; gives its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(_SECONDS)

    def kill(self) -> None:
        """End it whatever it does: the last of several waits long for a majority."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(_SECONDS)


@dataclass(slots=True)
class Brokers:
    """Nodes with the same secrets, and the commands on them."""

    home: Path
    nodes: list[Node] = field(default_factory=list)

    def add(self, count: int) -> None:
        secrets = self.home / "secrets"
        secrets.mkdir()
        for name in _SECRETS:
            (secrets / f"kafka_{name}_password").write_text(f"secret-of-{name}\n")
        (self.home / "services.toml").write_text('[applications.shop]\nserves = ["shop.v1.Store"]')
        ports = free_ports(2 * count)
        voters = [f"{number}@127.0.0.1:{ports[-number]}" for number in range(1, count + 1)]
        for number, port in enumerate(ports[:count], 1):
            home = self.home / str(number)
            (home / "data").mkdir(parents=True)
            environment = {
                "TANDEM_KAFKA_NODE_ID": str(number),
                "TANDEM_KAFKA_VOTERS": ",".join(voters),
                "TANDEM_KAFKA_LISTEN": f"127.0.0.1:{port}",
                "TANDEM_KAFKA_ADVERTISED": f"127.0.0.1:{port}",
                "TANDEM_KAFKA_HEAP": "256m",
                "TANDEM_KAFKA_DATA": str(home / "data"),
                "TANDEM_KAFKA_LIBS": str(kafka.libs()),
                "TANDEM_SECRETS_DIR": str(secrets),
                "TMPDIR": str(home),
            }
            if count > 1:
                environment["TANDEM_KAFKA_CLUSTER_ID"] = "tandemtandemtandemtanQ"
            self.nodes.append(Node(home, port, environment))

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def access(self, action: str) -> int:
        password = str(self.home / "secrets" / "kafka_admin_password")
        return main([
            *(action, str(self.home / "services.toml"), "--lane", "blue"),
            *("--bootstrap", self.bootstrap_servers),
            *("--username", "admin", "--password-file", password),
            *("--option", "security.protocol=SASL_PLAINTEXT"),
            *("--passwords", str(self.home / "secrets")),
        ])  # fmt: skip

    def create(self, replication: int) -> Sequence[str]:
        made = topics.Topic("blue.shop.v1.Store", 1, replication)
        return topics.create(self.bootstrap_servers, [made], _AS_ADMIN, timeout=30)

    def await_all(self) -> None:
        """A broker answers a little before it is among those that get replicas."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, **_AS_ADMIN})
        end = time.monotonic() + _SECONDS
        while len(admin.list_topics(timeout=_SECONDS).brokers) < len(self.nodes):
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    made = Brokers(tmp_path)
    yield made
    for node in made.nodes:
        node.kill()


def test_a_broker_is_made_once_keeps_its_users_and_stops_in_order(brokers: Brokers) -> None:
    brokers.add(1)
    [node] = brokers.nodes
    for granted in ("grant", "check"):
        node.start()
        node.await_health()
        assert brokers.access(granted) == 0
        assert "secret-of" not in node.arguments()
        assert node.stop() == 128 + 15
    logged = node.log.read_text()
    assert "secret-of" not in logged
    assert "storedKey" not in logged
    assert all(json.loads(line)["service"] == "kafka" for line in logged.splitlines())
    for written in node.home.glob("kafka.*/server.properties"):
        assert written.stat().st_mode & 0o077 == 0


def test_one_that_is_stopped_as_its_storage_is_made_leaves_no_password_and_starts_again(
    brokers: Brokers,
) -> None:
    brokers.add(1)
    [node] = brokers.nodes
    node.start()
    end = time.monotonic() + _SECONDS
    while not list(node.home.glob("kafka.*/format.arguments")):
        assert time.monotonic() < end, node.log.read_text()
        time.sleep(0.01)
    assert node.stop() in {143, -15}
    assert list(node.home.glob("kafka.*")) == []
    node.start()
    node.await_health()


def test_three_brokers_keep_three_replicas(brokers: Brokers) -> None:
    brokers.add(3)
    for node in brokers.nodes:
        node.start()
    for node in brokers.nodes:
        node.await_health()
    brokers.await_all()
    assert brokers.access("grant") == 0
    assert brokers.create(3) == ["blue.shop.v1.Store"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"TANDEM_KAFKA_NODE_ID": "7"}, "has no node 7"),
        ({"TANDEM_KAFKA_VOTERS": "1@a:1,2@b:1"}, "need the same TANDEM_KAFKA_CLUSTER_ID"),
        ({"TANDEM_SECRETS_DIR": "/nowhere"}, "kafka_admin_password cannot be read"),
        ({"kafka_admin_password": 'se"cret'}, "a password has letters, digits"),
        ({"kafka_broker_password": "\n"}, "kafka_broker_password is empty"),
    ],
)
def test_what_keeps_a_broker_from_starting_is_said(
    brokers: Brokers, changed: dict[str, str], said: str
) -> None:
    brokers.add(1)
    [node] = brokers.nodes
    for name, value in changed.items():
        if name.startswith("kafka_"):
            (brokers.home / "secrets" / name).write_text(value)
        else:
            node.environment[name] = value
    node.start()
    assert node.process is not None
    assert node.process.wait(_SECONDS) == 2
    assert said in node.log.read_text()
    assert 'se"cret' not in node.log.read_text()
