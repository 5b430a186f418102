"""What a server is told, run by the shell of this machine."""

import shutil
import stat
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bluegreen.bundle import digest
from bluegreen.setup.findings import problems
from bluegreen.setup.host import folder, judged
from bluegreen.ssh.connection import Address, Connection, Done
from bluegreen.ssh.files import Files
from bluegreen.ssh.host import ServerHost
from bluegreen.ssh.secret_files import SecretFiles

_USED = "cat chmod cut date df dirname env grep id ls mkdir mktemp mv rm sha256sum sh stat sync"
_MORE = "tail timeout tr true uname wc"


class Shell(Connection):
    """Runs commands here, as a connection does on its server; remembers them.

    Attributes:
        path: Where programs are looked for.
        commands: All that were run.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(Address("deploy", "www.example.com"), path / "known_hosts")
        self.path = path
        self.commands: list[str] = []

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        self.commands.append(" ".join(command))
        program, *arguments = command
        done = subprocess.run(  # noqa: S603 - our own commands
            [str(self.path / program), *arguments],
            input=stdin,
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A server with coreutils, and nothing else."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in f"{_USED} {_MORE}".split():
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"this machine has no {name}")
        (path / name).symlink_to(program)
    return Shell(path)


def test_what_a_bare_server_lacks_is_seen(shell: Shell, tmp_path: Path) -> None:
    host = ServerHost(shell, str(tmp_path / "deep" / "tandem")).look()
    assert (host.lacks, host.engine, host.compose) == (("flock",), "", "")
    assert {each.name for each in problems(judged(host))} == {"programs", "engine", "compose"}
    assert host.can_make
    assert "there is no" in folder(host).said


def test_a_file_is_replaced_only_while_another_one_has_the_word(
    shell: Shell, tmp_path: Path
) -> None:
    flock = shutil.which("flock")
    if flock is None:
        pytest.skip("this machine has no flock")
    (shell.path / "flock").symlink_to(flock)
    files = Files(shell, str(tmp_path / "tandem"))
    assert not files.write_while("state.json", "none", "lock.json", '"mine"')
    assert files.swap("lock.json", None, '{"token": "mine"}')
    assert files.write_while("state.json", "mine", "lock.json", '"mine"')
    assert not files.write_while("state.json", "another's", "lock.json", '"min"')
    assert files.read("state.json") == "mine"


def test_the_clock_of_a_server_is_looked_at_now_and_then(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(shell, str(tmp_path))
    seen = [files.now() for _ in range(20)]
    assert seen == sorted(seen)
    assert abs((seen[-1] - datetime.now(UTC)).total_seconds()) < 10
    assert len(shell.commands) == 1
    monkeypatch.setattr("bluegreen.ssh.files._CLOCK_SECONDS", 0.0)
    assert files.now() > seen[-1]
    assert len(shell.commands) == 2


def test_a_folder_is_made_for_its_user_alone(shell: Shell, tmp_path: Path) -> None:
    place = tmp_path / "tandem"
    (place / "secrets").mkdir(parents=True, mode=0o755)
    server = ServerHost(shell, str(place))
    assert "others can look" in folder(server.look()).said
    server.make_folder()
    host = server.look()
    assert (host.mode, host.secrets_mode) == ("700", "700")
    assert not problems([folder(host)])


def test_secrets_come_and_go_whole_and_on_no_command_line(shell: Shell, tmp_path: Path) -> None:
    secrets = SecretFiles(shell, str(tmp_path))
    assert secrets.digests() == {}
    for content in ("s3cr3t\n", "s3cr3t of tomorrow"):
        secrets.write("kafka_admin.properties", content)
        assert secrets.read("kafka_admin.properties") == content
        assert secrets.digests() == {"kafka_admin.properties": digest(content)}
    place = tmp_path / "secrets"
    assert [file.name for file in place.iterdir()] == ["kafka_admin.properties"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "kafka_admin.properties").stat().st_mode) == 0o444
    assert "s3cr3t" not in "".join(shell.commands)


def test_what_a_killed_write_has_left_of_a_secret_is_gone_with_the_next(
    shell: Shell, tmp_path: Path
) -> None:
    secrets = SecretFiles(shell, str(tmp_path))
    secrets.write("token", "first")
    (tmp_path / "secrets" / ".new.a1B2c3").write_text("sec")
    secrets.write("key", "other")
    assert sorted(each.name for each in (tmp_path / "secrets").iterdir()) == ["key", "token"]
