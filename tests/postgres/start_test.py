"""How PostgreSQL starts and stops in its container, and who it lets in."""

import time

import psycopg
import pytest

from services.database.settings import APP_ROLE
from tests.postgres.container import SUPERUSER, Container, docker
from tests.postgres.contents import add_account, contents, fill


def settings(server: Container) -> dict[str, str]:
    with psycopg.connect(server.addresses().admin) as admin:
        return dict(admin.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall())


def test_the_cluster_is_as_it_should_be_and_sized_by_the_memory_limit(empty: Container) -> None:
    found = settings(empty)
    wanted = {
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "password_encryption": "scram-sha-256",
        "shared_buffers": "128MB",
        "effective_cache_size": "320MB",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
    assert {name: found[name] for name in wanted} == wanted


def test_data_outlive_an_orderly_stop_and_a_kill(server: Container) -> None:
    fill(server)
    before = contents(server)
    start = time.monotonic()
    docker("stop", server.name)
    assert time.monotonic() - start < 25  # after 30 it would be killed
    assert docker("inspect", "--format={{.State.ExitCode}}", server.name).strip() == "0"
    docker("start", server.name)
    server.wait_until_ready()
    assert contents(server) == before
    docker("kill", "--signal=KILL", server.name)
    docker("start", server.name)
    server.wait_until_ready()
    assert contents(server) == before


def test_a_cluster_that_was_not_finished_is_made_again(empty: Container) -> None:
    docker("stop", empty.name)
    as_left = (
        "rm -rf cluster && mkdir cluster.new && echo 17 > cluster.new/PG_VERSION"  # as a kill does
    )
    docker("run", "--rm", *empty.arguments(), "--workdir=/var/lib/postgresql/data", empty.image,
           "bash", "-c", as_left)  # fmt: skip
    docker("start", empty.name)
    empty.wait_until_ready()
    assert settings(empty)["data_checksums"] == "on"
    assert empty.run("test", "-e", "/var/lib/postgresql/data/cluster.new").returncode == 1


def test_two_servers_do_not_work_on_the_same_files(empty: Container) -> None:
    second = docker("run", "--detach", *empty.arguments(), *empty.command()).strip()
    try:
        assert docker("wait", second).strip() == "1"
    finally:
        docker("rm", "--force", second)
    assert settings(empty)


def test_nobody_gets_further_than_allowed(server: Container) -> None:
    for role, password, database in (
        (APP_ROLE, "apps", "postgres"),
        (APP_ROLE, "apps", "template1"),
        (APP_ROLE, "wrong", "tandem"),
        (SUPERUSER, "wrong", "postgres"),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url(role, password, database))
    psycopg.connect(server.addresses().app).close()


def test_the_log_has_no_ones_data_and_no_password(server: Container) -> None:
    with psycopg.connect(server.addresses().app, autocommit=True) as app:
        add_account(app)
        add_twice = (
            "INSERT INTO accounts (id, email, display_name, about) "
            "SELECT id, email, 'Secretive', '' FROM accounts"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            app.execute(add_twice)
        with pytest.raises(psycopg.errors.NotNullViolation):
            app.execute("INSERT INTO sessions VALUES (%s)", ["0" * 32])
    log = server.log_with("duplicate key", "null value")
    for secret in ("example.org", "Secretive", "SCRAM-SHA", server.password, "00000000-0000"):
        assert secret not in log


def test_what_is_slow_is_found_without_its_values(server: Container) -> None:
    with psycopg.connect(server.addresses().app) as app:
        app.execute("SELECT pg_sleep(0.6), %s", ["Secretive"])
    with psycopg.connect(server.addresses().admin) as admin:
        found = admin.execute("SELECT query FROM pg_stat_statements WHERE query ~ 'pg_sleep'")
        assert found.fetchone() is not None
    assert "Secretive" not in server.log_with("pg_sleep")
