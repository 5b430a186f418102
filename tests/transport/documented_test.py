"""Commands of the docs that need Apache Kafka and nothing else, as the pages have them."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from grpc_kafka.access import __main__ as _access  # noqa: F401 - run as a process
from grpc_kafka.dead_letters import __main__ as _dead_letters  # noqa: F401 - run as a process
from grpc_kafka.topics import __main__ as _topics  # noqa: F401 - run as a process
from infra.compose.make_secrets import make
from tests.docs.commands import ROOT, Command, Done, block, documented
from tests.docs.programs import PYTHON, on_path
from tests.support import secured_kafka
from tests.support.applications import APPLICATIONS
from tests.support.secured_kafka import Grant, SecuredKafka

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.transport.conftest import Cluster

_SECONDS = 20.0
_ACLS = "org.apache.kafka.tools.AclCommand"


def settled(command: Command, environment: Mapping[str, str], instead: Mapping[str, str]) -> Done:
    """How a command ends once brokers have told each other what was changed."""
    end = time.monotonic() + _SECONDS
    while True:
        done = command.run(folder=ROOT, environment=environment, instead=instead)
        if done.code == 0 or time.monotonic() > end:
            return done


def test_topics_are_planned_created_and_then_there(apache: Cluster, tmp_path: Path) -> None:
    environment = on_path(tmp_path / "bin", PYTHON)
    broker = {"localhost:9092": apache.bootstrap_servers}
    planning = documented("docs/topics.md", "topics plan   infra")
    planned = planning.run(folder=ROOT, environment=environment, instead=broker)
    assert planned.code == 3, planned.said
    assert "+ blue.tandem.identity.v1.Identity: is missing (" in planned.said

    creating = documented("docs/topics.md", "topics create infra")
    created = creating.run(folder=ROOT, environment=environment, instead=broker)
    assert created.code == 0, created.said

    checked = settled(documented("docs/topics.md", "topics check  infra"), environment, broker)
    assert checked.code == 0, checked.said

    listing = documented("docs/dead-letters.md", "dead_letters")
    listed = listing.run(folder=ROOT, environment=environment, instead=broker)
    assert listed.code == 0, listed.said
    assert "has no dead letters" in listed.said


def test_people_chat(apache: Cluster, tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text(block("docs/streams.md", "python", "class Room"))
    environment = on_path(tmp_path / "bin", PYTHON)
    broker = {"127.0.0.1:9092": apache.bootstrap_servers}
    serving = documented("docs/streams.md", "python chat.py 127.0.0.1:9092")
    as_ada = documented("docs/streams.md", "chat.py 127.0.0.1:9092 ada")
    as_bob = replace(as_ada, text=as_ada.text.replace("ada", "bob"))
    typed, *heard = as_ada.output.splitlines()
    assert heard == [f"ada: {typed}", "bob: hi"]
    with serving.begun(folder=tmp_path, environment=environment, instead=broker):
        wait_for_topic(apache, "blue.chat.inbox")
        with (
            as_ada.begun(folder=tmp_path, environment=environment, instead=broker) as ada,
            as_bob.begun(folder=tmp_path, environment=environment, instead=broker) as bob,
        ):
            say(ada, typed)
            assert next_line(ada) == heard[0]
            say(bob, "hi")
            assert next_line(ada) == heard[1]


def wait_for_topic(apache: Cluster, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": apache.bootstrap_servers})
    end = time.monotonic() + _SECONDS
    while name not in admin.list_topics(timeout=5).topics:
        assert time.monotonic() < end, f"no topic {name}"
        time.sleep(0.1)


def say(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{words}\n")
    process.stdin.flush()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _SECONDS)
    assert ready, f"nothing was said within {_SECONDS} s"
    return process.stdout.readline().rstrip()


@dataclass(frozen=True)
class Guarded:
    """A broker that lets in whom it knows, and how the pages name what belongs to it."""

    broker: SecuredKafka
    home: Path

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def certificate(self) -> str:
        return str(self.broker.authority.certificate)

    def properties(self, page: str, containing: str, password: str) -> None:
        """Write the page's `admin.properties`, for this broker."""
        text = block(page, "properties", containing).replace("…", password)
        text = text.replace("/etc/kafka/ca.pem", self.certificate)
        (self.home / "admin.properties").write_text(text)

    def run(self, command: Command, *placeholders: str) -> Done:
        """How a command ends, with what stands for these placeholders and the broker."""
        instead = {
            "kafka:9093": self.broker.sasl_ssl,
            "/run/secrets": str(self.secrets),
            "/etc/kafka/ca.pem": self.certificate,
        }
        chosen = {name: instead[name] for name in ("kafka:9093", *placeholders)}
        libraries = os.environ["TANDEM_TEST_KAFKA_LIBS"]
        acls = ["java", "-cp", f"{libraries}/*", _ACLS]
        programs = {**PYTHON, "kafka-acls.sh": acls}
        environment = on_path(self.home / "bin", programs)
        return command.run(folder=self.home, environment=environment, instead=chosen)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("guarded")
    make(home / "secrets", APPLICATIONS)
    (home / "infra").symlink_to(ROOT / "infra")
    with secured_kafka.running(home) as broker:
        broker.user("admin", (home / "secrets/kafka_admin_password").read_text().strip())
        yield Guarded(broker, home)


def test_topics_are_planned_by_who_has_a_password_and_knows_the_broker(guarded: Guarded) -> None:
    command = documented("docs/topics.md", "--username admin")
    planned = guarded.run(command, "/run/secrets", "/etc/kafka/ca.pem")
    assert planned.code == 3, planned.said
    assert "is missing" in planned.said


def test_topics_are_planned_by_who_is_in_a_file(guarded: Guarded) -> None:
    guarded.broker.user("topics", "of topics")
    rights = [Grant("topic", "*", each) for each in ("DESCRIBE", "DESCRIBE_CONFIGS")]
    guarded.broker.allow("topics", rights)
    guarded.properties("docs/topics.md", "sasl.username", "of topics")
    planned = guarded.run(documented("docs/topics.md", "--options-file"))
    assert planned.code == 3, planned.said
    assert "is missing" in planned.said


def test_users_and_rights_are_planned(guarded: Guarded) -> None:
    command = documented("docs/security.md", "grpc_kafka.access plan")
    planned = guarded.run(command, "/run/secrets", "/etc/kafka/ca.pem")
    assert planned.code == 3, planned.said
    assert "+ account: is missing" in planned.said
    assert "+ account: lacks: WRITE topic blue.tandem.identity.v1.Identity" in planned.said


def test_a_right_is_given_by_hand(guarded: Guarded) -> None:
    password = (guarded.secrets / "kafka_admin_password").read_text().strip()
    guarded.properties("docs/security.md", "jaas", password)
    given = guarded.run(documented("docs/security.md", "kafka-acls.sh"))
    assert given.code == 0, given.said
    assert "operation=WRITE" in given.said
