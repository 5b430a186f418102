import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

from services.database import migrations, models
from services.database.errors import (
    MigrationBusyError,
    MigrationError,
    RevisionFailedError,
    SchemaBehindError,
    SchemaBeyondError,
    SchemaError,
    UnreachableError,
)
from services.database.history import History
from services.database.migrator import Limits, Migrator
from services.database.phases import Phase
from tests.support.database import Addresses, migrated, prepared, to_url
from tests.support.postgres import Postgres

ADD_NICKNAME = 'op.execute("ALTER TABLE accounts ADD COLUMN nickname text")'
ASSERTION = """op.execute("DO $$ BEGIN ASSERT current_setting('{}') = '{}'; END $$")"""
IMPATIENT = Limits(lock_timeout=0.2, attempts=2, pause=0.1, turn_timeout=0.5)


@pytest.fixture
def fresh(server: Postgres) -> Addresses:
    """A database with roles and no tables."""
    return prepared(server)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """The migrations of a release to come: a copy of ours that a test may add to."""
    home = tmp_path / "migrations"
    for phase in Phase:
        shutil.copytree(Path(migrations.__path__[0]) / phase, home / phase)
    return home


def later(phase: Phase, steps: int = 1) -> str:
    """The revision that comes so many steps after our newest."""
    newest = History().revisions[phase][-1]
    return f"{phase[0]}{int(newest[1:]) + steps:04}"


def add_revision(home: Path, phase: Phase, steps: int, body: str) -> None:
    revision = later(phase, steps)
    content = f"""\"\"\"Change {steps}.\"\"\"

from alembic import op

revision = "{revision}"
down_revision = "{later(phase, steps - 1)}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {body}
"""
    (home / phase / f"{revision}_change.py").write_text(content)


def migrator(
    addresses: Addresses,
    history: History | None = None,
    limits: Limits | None = None,
    lines: list[str] | None = None,
) -> Migrator:
    said: list[str] = [] if lines is None else lines
    return Migrator(to_url(addresses.owner), history or History(), limits or Limits(), said.append)


def columns(addresses: Addresses, table: str) -> list[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    with psycopg.connect(addresses.owner) as owner:
        return [row[0] for row in owner.execute(query, [table])]


def constraints(addresses: Addresses) -> set[tuple[str, str, str]]:
    """Table, name and definition, as PostgreSQL understood it, of what the models can say."""
    query = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
    """
    with psycopg.connect(addresses.owner) as owner:
        return {(table, name, rule) for table, name, rule in owner.execute(query)}


@contextmanager
def reading_accounts(addresses: Addresses) -> Iterator[psycopg.Connection]:
    """Someone's transaction that has read the table, and will again, and is not over."""
    with psycopg.connect(addresses.app) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM accounts")
        yield reader


def test_each_phase_is_one_line_with_one_head() -> None:
    history = History()
    heads = {line[-1] for line in history.revisions.values()}
    assert heads == set(history.script.get_heads())
    assert len(heads) == len(Phase)


def test_the_migrated_schema_is_that_of_the_models(fresh: Addresses) -> None:
    migrator(fresh).run(Phase.EXPAND)
    migrator(fresh).run(Phase.CONTRACT)
    with create_engine(to_url(fresh.owner), poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, models.Base.metadata) == []


def test_the_migrated_constraints_are_those_of_the_models_to_the_letter(server: Postgres) -> None:
    modelled = prepared(server)
    with create_engine(to_url(modelled.owner), poolclass=NullPool).begin() as connection:
        models.Base.metadata.create_all(connection)
    assert constraints(migrated(server)) == constraints(modelled)


def test_contract_is_refused_until_expand_has_run(fresh: Addresses) -> None:
    with pytest.raises(SchemaBehindError, match="migrate expand"):
        migrator(fresh).run(Phase.CONTRACT)
    migrator(fresh).run(Phase.EXPAND)
    migrator(fresh).run(Phase.CONTRACT)
    where = migrator(fresh).positions()
    assert [position.pending for position in where.values()] == [(), ()]


def test_each_step_is_said_and_a_second_run_has_nothing_to_do(fresh: Addresses) -> None:
    first: list[str] = []
    second: list[str] = []
    migrator(fresh, lines=first).run(Phase.EXPAND)
    migrator(fresh, lines=second).run(Phase.EXPAND)
    assert first[0].startswith("e0001: Add accounts")
    assert first[1].startswith("e0001: done in ")
    newest = History().revisions[Phase.EXPAND][-1]
    assert second == [f"expand: nothing to do, the schema is at {newest}"]


def test_two_migrators_at_once_run_each_revision_once(fresh: Addresses) -> None:
    lines: list[list[str]] = [[], [], []]
    threads = [
        threading.Thread(target=migrator(fresh, lines=said).run, args=[Phase.EXPAND])
        for said in lines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    done = [line for said in lines for line in said if "done in" in line]
    assert len(done) == len(History().revisions[Phase.EXPAND])
    assert sum("nothing to do" in said[-1] for said in lines) == 2


def test_a_migrator_does_not_wait_for_another_for_ever(fresh: Addresses) -> None:
    with psycopg.connect(fresh.owner) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [int.from_bytes(b"tandem")])
        with pytest.raises(MigrationBusyError, match="another migrator"):
            migrator(fresh, limits=IMPATIENT).run(Phase.EXPAND)
    migrator(fresh).run(Phase.EXPAND)  # the other one's session ends a moment after its connection


def test_a_migration_gives_way_to_those_who_use_the_table(server: Postgres, releases: Path) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, ADD_NICKNAME)
    history = History(releases)
    lines: list[str] = []
    with (
        reading_accounts(addresses),
        pytest.raises(MigrationBusyError, match="pg_stat_activity"),
    ):
        migrator(addresses, history, IMPATIENT, lines).run(Phase.EXPAND)
    assert sum("gave way" in line for line in lines) == IMPATIENT.attempts
    assert "nickname" not in columns(addresses, "accounts")
    migrator(addresses, history, IMPATIENT).run(Phase.EXPAND)
    assert "nickname" in columns(addresses, "accounts")


def test_a_migration_that_gave_way_is_tried_again(server: Postgres, releases: Path) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, ADD_NICKNAME)
    patient = Limits(lock_timeout=0.3, attempts=20, pause=0.05)
    lines: list[str] = []
    work = threading.Thread(
        target=migrator(addresses, History(releases), patient, lines).run, args=[Phase.EXPAND]
    )
    with reading_accounts(addresses):
        work.start()
        while not any("gave way" in line for line in lines):
            work.join(0.02)
    work.join(30)
    assert lines[-1].startswith(f"{later(Phase.EXPAND)}: done")


def test_a_revision_that_fails_leaves_nothing_behind(server: Postgres, releases: Path) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, f'{ADD_NICKNAME}\n    op.execute("SELECT 1 / 0")')
    with pytest.raises(RevisionFailedError, match="division by zero"):
        migrator(addresses, History(releases)).run(Phase.EXPAND)
    assert "nickname" not in columns(addresses, "accounts")
    assert migrator(addresses).positions()[Phase.EXPAND].current == later(Phase.EXPAND, 0)


def test_a_connection_that_breaks_in_the_middle_is_worth_another_try(
    server: Postgres, releases: Path
) -> None:
    addresses = migrated(server)
    lose = 'op.execute("SELECT pg_terminate_backend(pg_backend_pid())")'
    add_revision(releases, Phase.EXPAND, 1, f"{ADD_NICKNAME}\n    {lose}")
    with pytest.raises(UnreachableError, match="run this again"):
        migrator(addresses, History(releases)).run(Phase.EXPAND)
    assert "nickname" not in columns(addresses, "accounts")
    add_revision(releases, Phase.EXPAND, 1, ADD_NICKNAME)
    migrator(addresses, History(releases)).run(Phase.EXPAND)
    assert "nickname" in columns(addresses, "accounts")


def test_tables_of_another_owner_are_told_in_one_line(server: Postgres, fresh: Addresses) -> None:
    name = to_url(fresh.owner).database or ""
    with psycopg.connect(server.url("postgres", server.password, name)) as admin:
        admin.execute("CREATE TABLE alembic_version (version_num text)")
    with pytest.raises(MigrationError, match="permission denied for table alembic_version"):
        migrator(fresh).run(Phase.EXPAND)


def test_an_index_can_be_made_without_blocking_writers(server: Postgres, releases: Path) -> None:
    addresses = migrated(server)
    body = (
        "with op.get_context().autocommit_block():\n"
        '        op.execute("CREATE INDEX CONCURRENTLY ix_accounts_created_at "\n'
        '                   "ON accounts (created_at)")'
    )
    add_revision(releases, Phase.EXPAND, 1, body)
    migrator(addresses, History(releases)).run(Phase.EXPAND)
    with psycopg.connect(addresses.owner) as owner:
        query = (
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_accounts_created_at'::regclass"
        )
        assert owner.execute(query).fetchone() == (True,)


CONCURRENTLY = """with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_accounts_about")
        op.create_index("ix_accounts_about", "accounts", ["about"], postgresql_concurrently=True)
"""


def test_an_index_waits_for_transactions_and_the_next_revision_not(
    server: Postgres, releases: Path
) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, CONCURRENTLY)
    add_revision(releases, Phase.EXPAND, 2, ASSERTION.format("lock_timeout", "200ms"))
    lines: list[str] = []
    work = threading.Thread(
        target=migrator(addresses, History(releases), IMPATIENT, lines).run, args=[Phase.EXPAND]
    )
    with reading_accounts(addresses):
        work.start()
        work.join(5 * IMPATIENT.lock_timeout)
        assert lines == [f"{later(Phase.EXPAND)}: Change 1"]
    work.join(30)
    assert [line.partition(" in ")[0] for line in lines[1:]] == [
        f"{later(Phase.EXPAND)}: done",
        f"{later(Phase.EXPAND, 2)}: Change 2",
        f"{later(Phase.EXPAND, 2)}: done",
    ]


def test_an_index_that_cannot_be_made_is_not_said_to_have_changed_nothing(
    server: Postgres, releases: Path
) -> None:
    addresses = migrated(server)
    body = CONCURRENTLY.replace('        op.execute("SET lock_timeout = 0")\n', "")
    add_revision(releases, Phase.EXPAND, 1, body)
    with reading_accounts(addresses), pytest.raises(MigrationBusyError) as told:
        migrator(addresses, History(releases), IMPATIENT).run(Phase.EXPAND)
    with psycopg.connect(addresses.owner) as owner:
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_accounts_about'::regclass"
        assert owner.execute(query).fetchone() == (False,)
    assert "nothing" not in str(told.value)


def test_a_revision_sees_times_in_utc_whatever_the_server_is_set_to(
    server: Postgres, releases: Path
) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, ASSERTION.format("TimeZone", "UTC"))
    migrator(addresses, History(releases)).run(Phase.EXPAND)


def test_expand_and_contract_of_a_release_to_come_run_in_their_turn(
    server: Postgres, releases: Path
) -> None:
    addresses = migrated(server)
    add_revision(releases, Phase.EXPAND, 1, ADD_NICKNAME)
    add_revision(
        releases, Phase.CONTRACT, 1, 'op.execute("ALTER TABLE accounts DROP COLUMN nickname")'
    )
    history = History(releases)
    with pytest.raises(SchemaBehindError):
        migrator(addresses, history).run(Phase.CONTRACT)
    migrator(addresses, history).run(Phase.EXPAND)
    migrator(addresses, history).run(Phase.CONTRACT)
    where = migrator(addresses, history).positions()
    assert [position.current for position in where.values()] == [later(phase) for phase in where]


@pytest.mark.parametrize("phase", list(Phase))
def test_an_older_release_migrates_nothing(server: Postgres, releases: Path, phase: Phase) -> None:
    addresses = migrated(server)
    add_revision(releases, phase, 1, ADD_NICKNAME)
    migrator(addresses, History(releases)).run(phase)
    with pytest.raises(SchemaBeyondError, match="newest release"):
        migrator(addresses).run(Phase.EXPAND)


def test_a_database_of_another_product_is_left_alone(fresh: Addresses) -> None:
    with psycopg.connect(fresh.owner) as owner:
        owner.execute("CREATE TABLE alembic_version (version_num text)")
        owner.execute("INSERT INTO alembic_version VALUES ('55af2cb1c267')")
    with pytest.raises(SchemaError, match="right database"):
        migrator(fresh).run(Phase.EXPAND)


def test_a_branch_that_forks_is_refused(releases: Path) -> None:
    ours, one, two = (later(Phase.EXPAND, steps) for steps in range(3))
    add_revision(releases, Phase.EXPAND, 2, "pass")
    path = releases / Phase.EXPAND / f"{two}_change.py"
    path.write_text(path.read_text().replace(one, ours))
    add_revision(releases, Phase.EXPAND, 1, "pass")
    with pytest.raises(SchemaError, match=f"{two} must follow {one}"):
        History(releases)


def test_a_revision_in_the_folder_of_the_other_phase_is_refused(releases: Path) -> None:
    add_revision(releases, Phase.EXPAND, 1, "pass")
    name = f"{later(Phase.EXPAND)}_change.py"
    (releases / Phase.EXPAND / name).rename(releases / Phase.CONTRACT / name)
    with pytest.raises(SchemaError, match="folder of contract"):
        History(releases)
