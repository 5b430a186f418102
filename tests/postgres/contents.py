"""What a database holds: every row, and every rule and right, for comparing."""

import secrets

import psycopg
import uuid_utils.compat
from psycopg import sql

from tests.postgres.container import SUPERUSER, Container

_RULES = {
    "constraints": """SELECT conrelid::regclass::text, conname, convalidated,
        pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "columns": """SELECT table_name, column_name, data_type, is_nullable, column_default,
        collation_name FROM information_schema.columns WHERE table_schema = 'public'""",
    "relations": """SELECT relname, relkind::text, pg_get_userbyid(relowner), relacl::text
        FROM pg_class WHERE relnamespace = 'public'::regnamespace""",
    "rights on columns": """SELECT attrelid::regclass::text, attname, attacl::text
        FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid::regclass::text !~ '^pg_'""",
    "sequences": "SELECT sequencename, last_value, increment_by FROM pg_sequences",
    "rights on the schema": "SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'",
    "the database": """SELECT pg_get_userbyid(datdba), datacl::text, encoding, datlocprovider::text,
        datlocale FROM pg_database WHERE datname = current_database()""",
}

type Contents = dict[str, list[tuple[object, ...]]]


def contents(server: Container, database: str = "tandem") -> Contents:
    """All of it, in an order of its own."""
    with psycopg.connect(server.url(SUPERUSER, server.password, database)) as connection:
        found = {name: connection.execute(query).fetchall() for name, query in _RULES.items()}
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            rows = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            found[f"rows of {table}"] = connection.execute(rows).fetchall()
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def fill(server: Container, accounts: int = 20) -> None:
    """Write rows to every table, and a table whose ids come from a sequence."""
    with psycopg.connect(server.addresses().owner) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS counted (id bigint GENERATED ALWAYS AS IDENTITY)")
        for _ in range(accounts):
            owner.execute("INSERT INTO counted DEFAULT VALUES")
            add_account(owner)


def add_account(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """An account and what belongs to one."""
    account, digest = uuid_utils.compat.uuid7(), secrets.token_bytes(32)
    row = {"id": account, "digest": digest, "email": f"{account}@example.org"}
    for table, columns, values in (
        ("accounts", "id, email, display_name, about", r"%(id)s, %(email)s, 'Ада', E'a\tb\\n'"),
        ("credentials", "account_id, password_hash", "%(id)s, '$argon2id$x'"),
        (
            "sessions",
            "id, account_id, secret_hash, user_agent, expires_at",
            "%(id)s, %(id)s, %(digest)s, 'Firefox', now() + interval '1 hour'",
        ),
        ("activities", "id, account_id, kind, detail", "%(id)s, %(id)s, 'signed_in', ''"),
        ("effects", "key, fingerprint, reply", "%(id)s, %(digest)s, %(digest)s"),
        ("attempt_windows", "key, ends_at", "%(digest)s, now()"),
    ):
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})".encode(), row)  # noqa: S608
