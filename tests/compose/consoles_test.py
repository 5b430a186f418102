"""Consoles of the servers, for who looks and changes nothing."""

from collections.abc import Iterator

import pytest

from tests.compose.hardened import lacking
from tests.docs.commands import documented
from tests.support import docker
from tests.support.docker import Stack, service_of

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

CONSOLES = {"postgres-reader", "postgres-console"}


@pytest.fixture
def consoles(stack: Stack) -> Iterator[Stack]:
    """The whole system, with the role of the console; no console leaves anything of itself."""
    making = documented("docs/compose.md", "run --rm postgres-reader")
    made = making.run(folder=stack.folder, environment=stack.told)
    assert made.code == 0, made.said
    yield stack
    assert not CONSOLES.intersection(map(service_of, stack.containers()))


def asked(stack: Stack, statements: str) -> str:
    """What psql says to statements, as the page starts it."""
    opening = documented("docs/compose.md", "run --rm postgres-console")
    return opening.run(folder=stack.folder, environment=stack.told, typed=statements).said


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


def test_a_console_is_hardened_published_nowhere_and_on_one_network(consoles: Stack) -> None:
    waiting = ("--command", "SELECT pg_sleep(60)")
    consoles.compose("run", "--detach", "--no-TTY", "postgres-console", *waiting)
    container = consoles.container("postgres-console")
    try:
        assert list(lacking(container, stays=False)) == []
        assert not container["HostConfig"]["PortBindings"]
        assert list(container["NetworkSettings"]["Networks"]) == [f"{consoles.name}_data"]
    finally:
        docker.run(["docker", "rm", "--force", "--volumes", container["Id"]])
