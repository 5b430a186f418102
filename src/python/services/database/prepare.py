"""Makes the two roles and the database; safe to repeat."""

from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from services.database.errors import PrepareError, UnreachableError
from services.database.migrator import CONNECT_TIMEOUT
from services.database.settings import APP_ROLE, OWNER_ROLE

type _Connection = psycopg.Connection[tuple[object, ...]]

_ROLE_RIGHTS = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")

_DATABASE_RIGHTS = (
    "ALTER DATABASE {database} OWNER TO {owner}",
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
    "GRANT CONNECT ON DATABASE {database} TO {app}",
)

_SCHEMA_RIGHTS = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
    "GRANT USAGE ON SCHEMA public TO {app}",
)


def prepare(*, admin: URL, owner: URL, app: URL, say: Callable[[str], None]) -> None:
    """Make the roles, with the passwords of their addresses, and the database that both name.

    Args:
        admin: An existing database, for a superuser.
        owner: The service's database, for the role that migrates.
        app: The same database, for the role that serves.
        say: Takes a line for each step; never a password.

    Raises:
        PrepareError: the addresses do not fit together, or the superuser is none.
        UnreachableError: PostgreSQL does not take the connection.
    """
    database = app.database or ""
    if owner.database != database:
        raise PrepareError(
            f"TANDEM_DATABASE_URL names the database {database!r}, "
            f"TANDEM_DATABASE_OWNER_URL {owner.database!r}; they must be the same"
        )
    try:
        with _connected(admin) as connection:
            for url in (owner, app):
                say(_set_role(connection, url))
            say(_create_database(connection, database))
            _run(connection, _DATABASE_RIGHTS, database)
        with _connected(admin.set(database=database)) as connection:
            _run(connection, _SCHEMA_RIGHTS, database)
        say(f"rights of {OWNER_ROLE} and {APP_ROLE} on {database}: set")
    except psycopg.Error as error:
        reason = error.diag.message_primary or type(error).__name__
        hint = ""
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            hint = "; TANDEM_DATABASE_ADMIN_URL must name a superuser"
        raise PrepareError(f"{reason} (SQLSTATE {error.sqlstate}){hint}") from None


def _connected(url: URL) -> _Connection:
    more = {name: str(value) for name, value in url.query.items()}
    address = make_conninfo(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        dbname=url.database,
        connect_timeout=CONNECT_TIMEOUT,
        application_name="tandem prepare",
    )
    try:
        return psycopg.connect(make_conninfo(address, **more), autocommit=True)
    except psycopg.OperationalError as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise UnreachableError(
            f"PostgreSQL at {url.host}:{url.port or 5432} does not take the connection: {reason}"
        ) from None


def _set_role(connection: _Connection, url: URL) -> str:
    role, password = url.username or "", url.password
    exists = _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role)
    verb = "ALTER" if exists else "CREATE"
    statement = sql.SQL(f"{verb} ROLE {{}} {{}} PASSWORD {{}}").format(
        sql.Identifier(role), _ROLE_RIGHTS, _verifier(connection, role, password)
    )
    connection.execute(statement)
    how = "with a password" if password else "without a password"
    return f"role {role}: {'updated' if exists else 'created'}, {how}"


def _exists(connection: _Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _verifier(connection: _Connection, role: str, password: str | None) -> sql.Literal:
    """What PostgreSQL stores of a password, made here: the server's log never sees the password."""
    if not password:
        return sql.Literal(None)
    encrypted = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    return sql.Literal(encrypted.decode())


def _create_database(connection: _Connection, database: str) -> str:
    if _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database):
        return f"database {database}: there already"
    statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
    connection.execute(statement.format(sql.Identifier(database), sql.Identifier(OWNER_ROLE)))
    return f"database {database}: created"


def _run(connection: _Connection, statements: tuple[str, ...], database: str) -> None:
    names = {
        "database": sql.Identifier(database),
        "owner": sql.Identifier(OWNER_ROLE),
        "app": sql.Identifier(APP_ROLE),
    }
    for statement in statements:
        connection.execute(sql.SQL(statement).format(**names))
