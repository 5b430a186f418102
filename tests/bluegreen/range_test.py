"""The server that the deployer is tested on is what it says: another engine, behind SSH."""

import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import sshd
from tests.support.docker import run
from tests.support.ports import free_port
from tests.support.production import Production, production
from tests.support.registry import registry

pytestmark = pytest.mark.timeout(600)  # seconds; a server is set up in the first test

IMAGE = "tandem/account:dev"
SERVE = ("--entrypoint=python3.13", "{image}", "-m", "http.server", "8000")
PATIENCE = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[Production]:
    with production() as one:
        yield one


@pytest.fixture(scope="module")
def image(server: Production) -> str:
    """An image that came to the server from a registry."""
    with registry() as source:
        name = f"{source.host}/{IMAGE}"
        run(["docker", "tag", IMAGE, name])
        try:
            run(["docker", "push", "--quiet", name], timeout=120)
        finally:
            run(["docker", "rmi", name])
        there(server, "docker", "pull", "--quiet", name)
    return name


def ask(
    server: Production, *command: str, known: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return run([*server.ssh(known), shlex.join(command)], check=False)


def there(server: Production, *command: str) -> str:
    said = ask(server, *command)
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()


def serve(server: Production, image: str, *options: str) -> int:
    port = free_port()
    published = f"--publish=127.0.0.1:{port}:8000"
    command = [each.format(image=image) for each in SERVE]
    there(server, "docker", "run", "--detach", published, *options, *command)
    return port


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == httpx.codes.OK
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def rules_of_the_first() -> set[str]:
    """Its own, but for those of published ports: other suites' containers come and go."""
    return {line for line in rules("docker0") if "--dport" not in line}


def rules(*words: str) -> set[str]:
    """The rules of this machine in which one of these words is."""
    return {
        line
        for table in ("filter", "nat")
        for line in run(["iptables", "--table", table, "--list-rules"]).stdout.splitlines()
        if any(word in line for word in words)
    }


def test_nothing_is_left_of_a_server_and_the_first_engine_is_as_it_was() -> None:
    of_the_first = rules_of_the_first()
    with production() as other:
        there(other, "docker", "network", "create", "one")
        other.restart_engine()
        assert there(other, "docker", "info", "--format", "{{.Images}} {{.Containers}}") == "0 0"
        own = (other.engine.name, f"T{other.engine.name.removeprefix('tandem')}")
        assert rules(*own)
        home = other.folder.parent
    assert rules(*own) == set()
    assert not home.exists()
    assert str(home) not in Path("/proc/self/mountinfo").read_text()
    assert other.engine.name not in run(["ip", "link"]).stdout
    assert of_the_first == rules_of_the_first() != set()
    run(["docker", "run", "--rm", "--network=bridge", "--entrypoint=true", IMAGE])


def test_docker_over_ssh_is_the_second_engine(server: Production) -> None:
    root = there(server, "docker", "info", "--format", "{{.DockerRootDir}}")
    assert root == str(server.engine.folder / "data")
    assert root != run(["docker", "info", "--format", "{{.DockerRootDir}}"]).stdout.strip()


def test_what_the_first_engine_pushed_the_second_one_pulls(server: Production, image: str) -> None:
    ids = {
        there(server, "docker", "image", "inspect", "--format", "{{.Id}}", image),
        run(["docker", "image", "inspect", "--format", "{{.Id}}", IMAGE]).stdout.strip(),
    }
    assert len(ids) == 1


def test_another_host_key_is_refused(server: Production, tmp_path: Path) -> None:
    other = tmp_path / "known_hosts"
    other.write_text(sshd.known(server.sshd, sshd.make_key(tmp_path / "other")))
    refused = ask(server, "true", known=other)
    assert refused.returncode == 255
    assert "HOST IDENTIFICATION HAS CHANGED" in refused.stderr


def test_who_has_no_key_is_refused(server: Production, tmp_path: Path) -> None:
    sshd.make_key(tmp_path / "other")
    command = [each.replace(str(server.sshd.key), str(tmp_path / "other")) for each in server.ssh()]
    refused = run([*command, "true"], check=False)
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr


def test_connections_break_and_others_are_made(server: Production) -> None:
    with subprocess.Popen([*server.ssh(), "sleep 60"]) as waiting:  # noqa: S603
        while not server.kill_ssh_connections():
            time.sleep(0.05)
        assert waiting.wait(PATIENCE) == 255
    server.stop_sshd()
    assert "refused" in ask(server, "true").stderr
    server.start_sshd()
    there(server, "true")


def test_containers_talk_to_each_other_and_are_reached_by_published_ports(
    server: Production, image: str
) -> None:
    there(server, "docker", "network", "create", "own")
    there(server, "docker", "network", "create", "--internal", "closed")
    port = serve(server, image, "--network=own", "--name=web")
    there(server, "docker", "network", "connect", "closed", "web")
    wait_until_it_answers(port)
    read = "import urllib.request as u; print(u.urlopen('http://web:8000', timeout=5).status)"
    for network in ("own", "closed"):
        options = ("--rm", f"--network={network}", "--entrypoint=python3.13")
        assert there(server, "docker", "run", *options, image, "-c", read) == "200"


@pytest.mark.parametrize("crash", [False, True])
def test_containers_outlive_the_engine(server: Production, image: str, crash: bool) -> None:
    port = serve(server, image, "--restart=unless-stopped")
    before = {each["Id"]: each["State"]["StartedAt"] for each in server.containers()}
    print(f"answers again after {server.restart_engine(crash=crash):.1f} s")
    wait_until_it_answers(port)
    assert {each["Id"]: each["State"]["StartedAt"] for each in server.containers()} == before
