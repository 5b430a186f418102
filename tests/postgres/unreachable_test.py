"""What a restore says of a PostgreSQL that does not answer, and of one that lacks roles."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("infra/postgres/restore.sh").resolve()
_BACKUP = "COPY public.alembic_version (version_num) FROM stdin;\\nc0001\\ne0001\\n\\\\.\\n"


def program(folder: Path, name: str, does: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)


def restored(folder: Path, psql: str) -> subprocess.CompletedProcess[str]:
    """How a restore ends, where `psql` does this."""
    programs, backup = folder / "programs", folder / "one.dump"
    programs.mkdir()
    program(programs, "psql", f"cat >/dev/null; {psql}")
    program(programs, "pg_restore", f"printf '{_BACKUP}'")
    backup.write_text("a backup")
    checksum = hashlib.sha256(backup.read_bytes()).hexdigest()
    (folder / "one.dump.sha256").write_text(f"{checksum}  one.dump\n")
    (folder / "postgres_password").write_text("hunter2")
    return subprocess.run(  # noqa: S603 - our own script
        ["/usr/bin/env", "bash", str(SCRIPT), str(backup)],
        env={
            "PATH": f"{programs}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "TANDEM_SECRETS_DIR": str(folder),
            "TANDEM_POSTGRES_HOST": "/no/socket",
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("code", [1, 2])
def test_a_server_that_does_not_answer_is_not_told_as_roles_that_are_missing(
    tmp_path: Path, code: int
) -> None:
    done = restored(tmp_path, f"echo 'psql: connection refused' >&2; exit {code}")
    assert done.returncode == 1
    *above, last = done.stderr.splitlines()
    assert above == ["psql: connection refused"]
    assert last.startswith(
        "restore.sh: PostgreSQL at /no/socket does not answer, or lets nobody in"
    )
    assert "TANDEM_POSTGRES_HOST" in last
    assert "roles" not in done.stderr


def test_a_server_without_the_roles_is_told_to_be_prepared(tmp_path: Path) -> None:
    done = restored(tmp_path, "echo 1")
    assert done.returncode == 1
    assert "the roles tandem_owner and tandem_app are not there" in done.stderr
