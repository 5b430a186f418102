"""Backup and restore by their commands, on the server of production."""

import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.postgres import container
from tests.postgres.conftest import IMAGE, make_roles
from tests.postgres.container import SUPERUSER, Container
from tests.postgres.contents import add_account, contents, fill

FILE = "/backups/one.dump"


def back_up(server: Container) -> None:
    done = server.script("backup.sh", FILE)
    assert done.returncode == 0, done.stderr


def databases(server: Container) -> list[str]:
    with psycopg.connect(server.addresses().admin) as connection:
        return [str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")]


def test_a_restore_over_changed_data_equals_the_original_and_keeps_what_was_there(
    server: Container,
) -> None:
    fill(server)
    original = contents(server)
    back_up(server)
    fill(server, 3)
    with psycopg.connect(server.addresses().owner) as owner:
        owner.execute("DELETE FROM effects")
    changed = contents(server)
    with closing(psycopg.connect(server.addresses().app)) as service:
        service.execute("SELECT 1")
        done = server.script("restore.sh", "--replace", FILE)
        assert done.returncode == 0, done.stderr
        with pytest.raises(psycopg.errors.AdminShutdown):
            service.execute("SELECT 1")
    assert contents(server) == original
    with psycopg.connect(server.addresses().app) as app:
        add_account(app)
    (kept,) = [name for name in databases(server) if "replaced" in name]
    assert kept in done.stdout
    assert contents(server, kept) == changed


def test_a_restore_into_a_new_cluster_equals_the_original(
    server: Container, tmp_path: Path
) -> None:
    fill(server)
    back_up(server)
    folder = tmp_path / "another"
    folder.mkdir()
    with container.running(IMAGE, folder) as another:
        for name in ("one.dump", "one.dump.sha256"):
            copy = another.backups / name
            copy.write_bytes((server.backups / name).read_bytes())
            copy.chmod(0o644)
        refused = another.script("restore.sh", FILE)
        assert refused.returncode == 1
        assert "prepare" in refused.stderr
        make_roles(another)
        done = another.script("restore.sh", FILE)
        assert done.returncode == 0, done.stderr
        assert contents(another) == contents(server)
        assert not [name for name in databases(another) if name.startswith("tandem_")]


def test_a_database_with_tables_is_not_replaced_unasked(server: Container) -> None:
    fill(server)
    back_up(server)
    before = contents(server)
    refused = server.script("restore.sh", FILE)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert contents(server) == before


def test_a_schema_at_another_revision_is_not_replaced_unasked(server: Container) -> None:
    fill(server)
    back_up(server)
    with psycopg.connect(server.addresses().owner) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'e9999' WHERE version_num ~ '^e'")
    refused = server.script("restore.sh", "--replace", FILE)
    assert refused.returncode == 1
    assert "e9999" in refused.stderr
    done = server.script("restore.sh", "--replace", "--other-revision", FILE)
    assert done.returncode == 0, done.stderr


def test_a_damaged_backup_is_refused(server: Container) -> None:
    fill(server)
    back_up(server)
    before = contents(server)
    file = server.backups / "one.dump"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    refused = server.script("restore.sh", "--replace", FILE)
    assert refused.returncode == 1
    assert "checksum" in refused.stderr
    assert contents(server) == before


def test_a_restore_that_fails_halfway_changes_nothing_and_leaves_nothing(
    server: Container,
) -> None:
    fill(server)
    with psycopg.connect(server.addresses().owner) as owner:
        # Its owner is not there when it is restored.
        owner.execute("CREATE VIEW last_of_all AS SELECT 1 AS one")
    with psycopg.connect(server.addresses().admin, autocommit=True) as admin:
        admin.execute("CREATE ROLE passing")
    with psycopg.connect(server.url(SUPERUSER, server.password, "tandem")) as admin:
        admin.execute("ALTER VIEW last_of_all OWNER TO passing")
    back_up(server)
    with psycopg.connect(server.url(SUPERUSER, server.password, "tandem")) as admin:
        admin.execute("DROP OWNED BY passing")
        admin.execute("DROP ROLE passing")
    before = contents(server)
    failed = server.script("restore.sh", "--replace", FILE)
    assert failed.returncode != 0
    assert contents(server) == before
    assert not [name for name in databases(server) if name.startswith("tandem_")]


def test_a_backup_is_the_state_of_one_moment_while_others_write(server: Container) -> None:
    fill(server)
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(server.addresses().app, autocommit=True) as app:
            while not stop.is_set():
                with app.transaction():
                    add_account(app)

    writer = threading.Thread(target=write)
    writer.start()
    back_up(server)
    stop.set()
    writer.join()
    assert server.script("restore.sh", "--replace", FILE).returncode == 0
    found = contents(server)
    numbers = {len(found[f"rows of {name}"]) for name in ("accounts", "credentials", "sessions")}
    assert len(numbers) == 1


def test_a_backup_replaces_no_file_and_a_failed_one_leaves_none(server: Container) -> None:
    back_up(server)
    assert server.script("backup.sh", FILE).returncode == 1
    with psycopg.connect(server.addresses().owner) as owner:
        owner.execute("DROP TABLE alembic_version")
    failed = server.script("backup.sh", "/backups/two.dump")
    assert failed.returncode == 1
    assert sorted(each.name for each in server.backups.iterdir()) == ["one.dump", "one.dump.sha256"]


def test_wrong_arguments_are_told(empty: Container) -> None:
    for script in ("backup.sh", "restore.sh"):
        for arguments in ((), ("--no-such", FILE)):
            refused = empty.script(script, *arguments)
            assert refused.returncode == 1
            assert "usage" in refused.stderr
