from dataclasses import replace

import psycopg
import pytest

from services.database.errors import PrepareError, UnreachableError
from services.database.prepare import prepare
from tests.support.database import Addresses, migrated, prepared, to_url
from tests.support.postgres import Postgres

FORBIDDEN = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "ALTER TABLE accounts ADD COLUMN mine int",
    "DROP TABLE activities",
    "TRUNCATE activities",
    "DELETE FROM accounts",
    "DELETE FROM credentials",
    "DELETE FROM activities",
    "UPDATE activities SET detail = ''",
    "UPDATE accounts SET email = 'thief@example.org'",
    "UPDATE sessions SET expires_at = now() + interval '1 year'",
    "UPDATE alembic_version SET version_num = 'e9999'",
    "CREATE ROLE mine",
    "SET ROLE tandem_owner",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_service_may_change_rows_that_it_has_to_and_nothing_else(
    addresses: Addresses, statement: str
) -> None:
    with (
        psycopg.connect(addresses.app) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(statement)


def test_others_cannot_open_the_database(server: Postgres, addresses: Addresses) -> None:
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS stranger")
        admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'strange'")
    name = to_url(addresses.app).database or ""
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(server.url("stranger", "strange", name))


def test_passwords_never_reach_the_servers_log(server: Postgres) -> None:
    addresses = prepared(server)
    said = server.log.read_text()
    assert "ALTER ROLE" in said
    for text in (addresses.owner, addresses.app):
        password = to_url(text).password
        assert password
        assert password not in said


def prepare_again(addresses: Addresses) -> list[str]:
    lines: list[str] = []
    prepare(
        admin=to_url(addresses.admin),
        owner=to_url(addresses.owner),
        app=to_url(addresses.app),
        say=lines.append,
    )
    return lines


def test_preparing_again_keeps_the_data_and_changes_the_passwords(server: Postgres) -> None:
    before = migrated(server)
    changed = replace(before, app=before.app.replace(":a%40", ":b%40"))
    try:
        lines = prepare_again(changed)
        with psycopg.connect(changed.app) as app:
            assert app.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(before.app)
        assert any(line.endswith("there already") for line in lines)
    finally:
        # The role is that of all databases of the tests.
        prepare_again(before)


def test_addresses_of_different_databases_are_refused(server: Postgres) -> None:
    addresses = prepared(server)
    owner = to_url(addresses.owner).set(database="another")
    with pytest.raises(PrepareError, match="must be the same"):
        prepare(admin=to_url(server.admin_url), owner=owner, app=to_url(addresses.app), say=print)


def test_only_a_superuser_can_prepare(server: Postgres) -> None:
    addresses = prepared(server)
    owner, app = to_url(addresses.owner), to_url(addresses.app)
    with pytest.raises(PrepareError, match="must name a superuser"):
        prepare(admin=owner, owner=owner, app=app, say=print)


def test_a_wrong_address_is_told_without_its_password(addresses: Addresses) -> None:
    admin = to_url(addresses.admin).set(port=1, password="correct horse")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1") as refused:
        prepare(admin=admin, owner=to_url(addresses.owner), app=to_url(addresses.app), say=print)
    assert "correct horse" not in str(refused.value)
