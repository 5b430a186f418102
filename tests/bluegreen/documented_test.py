"""Commands of the docs that make a server and its keys known, as the page has them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import documented
from tests.support import docker, requirements, sshd
from tests.support.sshd import Sshd

_SERVER = "tandem/postgres:dev"  # a Debian with the programs that make users
_KEY = "ssh-ed25519 AAAA of somebody"
_LOOK = """
id --name --groups deploy
stat --format '%U %a %n' /srv/tandem /home/deploy/.ssh
runuser -u deploy -- cat /home/deploy/.ssh/authorized_keys
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    for program in ("sshd", "ssh-keygen", "ssh-keyscan"):
        if shutil.which(program) is None:
            requirements.missing(f"no server: install {program}")
    with sshd.running(tmp_path_factory.mktemp("sshd"), {}) as one:
        yield one


def test_root_of_a_server_makes_a_user_who_is_let_in_by_a_key() -> None:
    docker.needed()
    typed = "\n".join(
        each.script
        for each in (
            documented("docs/deploying.md", "useradd"),
            documented("docs/deploying.md", "install -d"),
            documented("docs/deploying.md", "cat >> ~deploy"),
        )
    )
    script = f"set -eu; groupadd docker\n{typed}\n{_LOOK}"
    options = ["--rm", "--interactive", "--network=none", "--user=root", "--entrypoint=bash"]
    done = subprocess.run(  # noqa: S603  # our own page
        ["/usr/bin/env", "docker", "run", *options, _SERVER, "-c", script],
        input=f"{_KEY}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "deploy docker",
        "deploy 700 /srv/tandem",
        "deploy 700 /home/deploy/.ssh",
        _KEY,
    ]


def test_a_server_is_known_by_its_key(server: Sshd, tmp_path: Path) -> None:
    scanning = documented("docs/deploying.md", "ssh-keyscan")
    place = {"www.example.com": f"-p {server.port} 127.0.0.1"}
    scanned = scanning.run(folder=tmp_path, instead=place)
    assert scanned.code == 0, scanned.said
    written = (tmp_path / "deploy/known_hosts").read_text()
    assert written.split()[1:3] == server.known_hosts.read_text().split()[1:3]
    told = documented("docs/deploying.md", "ssh-keygen").run(folder=tmp_path)
    assert told.code == 0, told.said
    assert "SHA256:" in told.said


def test_the_key_of_who_deploys_goes_by_the_environment(server: Sshd, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/deploy").write_text(server.key.read_text())
    exporting = documented("docs/deploying.md", "export TANDEM_DEPLOY_KEY")
    asked = exporting.followed_by('printf %s "$TANDEM_DEPLOY_KEY"')
    done = asked.run(folder=tmp_path, environment={**os.environ, "HOME": str(tmp_path)})
    assert (done.code, done.said) == (0, server.key.read_text().rstrip("\n"))
