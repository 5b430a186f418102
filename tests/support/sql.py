"""PostgreSQL in a container, asked as its superuser, who has a password there."""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.docker import DockerError, run

_PSQL = """\
PGPASSWORD="$(cat /run/secrets/postgres_password)" exec psql --no-psqlrc --quiet --tuples-only \
--no-align --set=ON_ERROR_STOP=1 --host=/run/postgresql --username=postgres --dbname=tandem "$@"
"""
_POLL_INTERVAL = 0.1
_PATIENCE = 20.0
_LONGEST = 600  # seconds


def sql(container: str, query: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a query; gives what it answers, bare.

    Args:
        container: Of PostgreSQL: its id or name.
        query: One or more statements.
        environment: What leads a client to its engine, if that is not the first one.

    Raises:
        DockerError: it failed.
    """
    return run(_command(container, query), environment).stdout.strip()


@contextmanager
def locked(
    container: str, table: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Somebody reads a table, and does not end: nobody can change how it is made.

    Args:
        container: Of PostgreSQL: its id or name.
        table: The table's name.
        environment: What leads a client to its engine, if that is not the first one.

    Raises:
        DockerError: the table is not there, or others hold it.
    """
    name = f"reader-{secrets.token_hex(4)}"
    hold = (
        f"SET application_name = '{name}'; BEGIN; "
        f"LOCK TABLE {table} IN ACCESS SHARE MODE; SELECT pg_sleep({_LONGEST})"
    )
    run(_command(container, hold, "--detach"), environment)
    of_it = f"FROM pg_stat_activity WHERE application_name = '{name}'"
    deadline = time.monotonic() + _PATIENCE
    while not sql(container, f"SELECT 1 {of_it} AND wait_event = 'PgSleep'", environment):
        if time.monotonic() > deadline:
            raise DockerError(f"{table} was not locked in {_PATIENCE:g} s")
        time.sleep(_POLL_INTERVAL)
    try:
        yield
    finally:
        sql(container, f"SELECT pg_terminate_backend(pid) {of_it}", environment)


def _command(container: str, query: str, *options: str) -> list[str]:
    return ["docker", "exec", *options, container, "sh", "-c", _PSQL, "psql", "--command", query]
