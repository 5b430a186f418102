"""Consoles of the servers, for who looks and changes nothing."""

import re
from collections.abc import Iterator

import pytest

from tests.compose.hardened import lacking
from tests.docs.commands import documented
from tests.support import docker
from tests.support.docker import Stack, service_of

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

CONSOLES = {"postgres-reader", "postgres-console", "kafka-reader", "kafka-console"}
QUEUE = "blue.tandem.identity.v1.Identity"


@pytest.fixture
def consoles(stack: Stack) -> Iterator[Stack]:
    """The whole system, with the users of the consoles; no console leaves anything of itself."""
    making = (
        documented("docs/compose.md", "run --rm postgres-reader"),
        documented("docs/compose.md", "run --rm kafka-reader"),
    )
    for each in making:
        made = each.run(folder=stack.folder, environment=stack.told)
        assert made.code == 0, made.said
    yield stack
    assert not CONSOLES.intersection(map(service_of, stack.containers()))


def asked(stack: Stack, statements: str) -> str:
    """What psql says to statements, as the page starts it."""
    opening = documented("docs/compose.md", "run --rm postgres-console")
    return opening.run(folder=stack.folder, environment=stack.told, typed=statements).said


def told_by_kafka(stack: Stack, *commands: str) -> str:
    """What the console of Kafka says to what the page types into it, and to further commands."""
    opening = documented("docs/compose.md", "run --rm kafka-console")
    typed = "\n".join([opening.output.removeprefix("kafka> "), *commands, ""])
    return opening.run(folder=stack.folder, environment=stack.told, typed=typed).said


def test_the_console_of_postgresql_reads_and_changes_nothing(consoles: Stack) -> None:
    said = asked(
        consoles,
        "SELECT 'accounts: ' || (count(*) >= 0) FROM accounts;\n"
        "DELETE FROM accounts;\n"
        "SET default_transaction_read_only = off;\n"
        "DELETE FROM accounts;\n"
        "CREATE TABLE mine ();\n"
        "SELECT 'statements: ' || (count(*) >= 0) FROM pg_stat_activity WHERE query <> '';\n",
    )
    assert "accounts: true" in said
    assert "cannot execute DELETE in a read-only transaction" in said
    assert "permission denied for table accounts" in said
    assert "permission denied for schema public" in said
    assert "statements: true" in said


@pytest.mark.parametrize("database", ["tandem", "postgres"])
def test_the_console_of_postgresql_does_not_write_what_other_roles_may(
    consoles: Stack, database: str
) -> None:
    said = asked(
        consoles,
        f"\\connect {database}\n"
        "SET default_transaction_read_only = off;\n"
        "SELECT lo_create(0);\n"
        "CREATE TEMP TABLE mine ();\n",
    )
    assert "permission denied for function lo_create" in said
    assert f'permission denied to create temporary tables in database "{database}"' in said


def test_the_console_of_kafka_shows_who_reads_what_and_how_much_waits(consoles: Stack) -> None:
    said = told_by_kafka(consoles, "metadata-quorum describe --status", "records", "help")
    assert "LAG" in said
    assert re.search(rf"{QUEUE} +{QUEUE} +\d", said), said
    assert "CurrentVoters" in said
    assert "there is no 'records' here; help says what there is" in said
    assert "console.sh consumer-groups" in said


def test_the_console_of_kafka_changes_nothing(consoles: Stack) -> None:
    refused = told_by_kafka(
        consoles,
        f"topics --delete --topic {QUEUE}",
        "topics --create --topic mine",
        "acls --add --allow-principal User:mine --operation Read --topic mine",
    )
    assert "Authorization failed" in refused
    said = told_by_kafka(consoles, "topics --list", "acls --list --principal User:mine")
    assert QUEUE in said.splitlines()
    assert "mine" not in said.splitlines()
    assert "operation=READ" not in said


def test_the_console_of_kafka_may_read_no_record(consoles: Stack) -> None:
    said = told_by_kafka(consoles, "acls --list --principal User:tandem_reader")
    mine = re.findall(r"principal=User:tandem_reader, host=\*, operation=(\w+), .*=ALLOW", said)
    assert set(mine) == {"DESCRIBE", "DESCRIBE_CONFIGS"}
    assert len(mine) == len(["cluster", "topics", "groups"]) * len(set(mine))


@pytest.mark.parametrize(
    ("console", "network", "command"),
    [
        ("postgres-console", "data", ("--command", "SELECT pg_sleep(60)")),
        ("kafka-console", "bus", ("topics", "--list")),
    ],
)
def test_a_console_is_hardened_published_nowhere_and_on_one_network(
    consoles: Stack, console: str, network: str, command: tuple[str, ...]
) -> None:
    consoles.compose("run", "--detach", "--no-TTY", console, *command)
    container = consoles.container(console)
    try:
        assert list(lacking(container, stays=False)) == []
        assert not container["HostConfig"]["PortBindings"]
        assert list(container["NetworkSettings"]["Networks"]) == [f"{consoles.name}_{network}"]
    finally:
        docker.run(["docker", "rm", "--force", "--volumes", container["Id"]])
