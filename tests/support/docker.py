"""A real Docker engine, and Compose projects of the product's own files on it.

    with docker.project("infra/compose") as stack:
        stack.up()
        httpx.get(stack.url)

The images are those that `./pants package ::` built. Every project has names, a port, a network and
secrets of its own, and leaves nothing behind.
"""

import json
import mmap
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.compose.make_secrets import make
from tests.support import requirements
from tests.support.applications import APPLICATIONS
from tests.support.ports import free_network, free_port

DOCKER = "TANDEM_TEST_DOCKER"
CHECKOUT = "TANDEM_TEST_CHECKOUT"
SERVERS = (*APPLICATIONS, "kafka", "nginx", "postgres")
"""What stays up, of the whole system."""

UP_TIMEOUT = 240.0
"""Seconds that all containers have to become healthy, on a busy machine."""

_COMMAND_TIMEOUT = 120.0
_STOP_TIMEOUT = 120.0
_SAVE_TIMEOUT = 180.0
_POLL_INTERVAL = 0.1
_MOST_LOG = 8000  # characters


class DockerError(Exception):
    """A command of Docker failed; the message holds what it wrote."""


@dataclass
class Stack:
    """A Compose project.

    Attributes:
        folder: Where its Compose file is.
        name: The project's name.
        url: Where nginx answers, if the project has one.
        environment: What the Compose files are told.
        files: The Compose files in the folder.
    """

    folder: Path
    name: str
    url: str
    environment: Mapping[str, str]
    files: Sequence[str] = ("docker-compose.yml",)

    @property
    def checkout(self) -> Path:
        """The checkout that the Compose files are of."""
        return checkout()

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets of the project, by the names of their files."""
        folder = Path(self.environment["TANDEM_SECRETS"])
        return {path.name: path.read_text() for path in folder.iterdir()}

    @property
    def told(self) -> dict[str, str]:
        """The environment of who types commands of Compose in the folder."""
        return {**os.environ, **self.environment}

    def up(self, *services: str) -> float:
        """Start the services, all if none is named, and wait until all are healthy.

        Returns:
            The seconds that it took.

        Raises:
            DockerError: they did not become healthy.
        """
        began = time.monotonic()
        self.compose("up", "--detach", "--wait", *services, timeout=UP_TIMEOUT)
        return time.monotonic() - began

    def stop(self, *services: str) -> None:
        """Stop services in order, as an operator does."""
        self.compose("stop", *services, timeout=_STOP_TIMEOUT)

    def down(self) -> None:
        """Remove everything that the project has, its data too."""
        # Without the profiles, volumes of what has one would stay.
        everything = ("--profile", "*", "down", "--volumes", "--remove-orphans")
        self.compose(*everything, timeout=_STOP_TIMEOUT)

    def run(self, service: str, *command: str) -> str:
        """Run a command in a new container of a service; gives what it printed."""
        return self.compose("run", "--rm", "--no-deps", "--no-TTY", service, *command)

    def exec(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the running container of a service."""
        return run(["docker", "exec", self.container(service)["Id"], *command], check=False)

    def compose(self, *arguments: str, timeout: float = _COMMAND_TIMEOUT) -> str:
        """Run a command of Compose on this project.

        Raises:
            DockerError: it failed; the end of all logs is in the message.
        """
        files = [f"--file={self.folder / file}" for file in self.files]
        command = ["docker", "compose", "--ansi=never", *files, *arguments]
        try:
            return run(command, self.environment, timeout).stdout
        except DockerError as error:
            raise DockerError(f"{error}\n{self.logs()[-_MOST_LOG:]}") from None

    def containers(self) -> list[dict[str, Any]]:
        """All containers of the project, running or not, as `docker inspect` tells of them."""
        label = f"label=com.docker.compose.project={self.name}"
        return sorted(containers("--filter", label), key=service_of)

    def container(self, service: str) -> dict[str, Any]:
        """The container of a service."""
        return next(each for each in self.containers() if service_of(each) == service)

    def crash(self, service: str) -> float:
        """Kill the first process of a container, as a crash or the lack of memory does.

        `docker kill` would tell the engine that the container is not wanted any more.

        Returns:
            The seconds until another one is healthy.

        Raises:
            DockerError: there is none within `UP_TIMEOUT`.
        """
        before = self.container(service)["State"]
        os.kill(before["Pid"], signal.SIGKILL)
        began = time.monotonic()
        while time.monotonic() - began < UP_TIMEOUT:
            state = self.container(service)["State"]
            healthy = state["StartedAt"] != before["StartedAt"] and state["Running"]
            if healthy and state["Health"]["Status"] == "healthy":
                return time.monotonic() - began
            time.sleep(_POLL_INTERVAL)
        raise DockerError(f"{service} is not healthy again:\n{self.logs(service)[-_MOST_LOG:]}")

    def logs(self, *services: str) -> str:
        """All that the containers of these services wrote, or of all if none is named."""
        return "".join(
            written.stdout + written.stderr
            for each in self.containers()
            if not services or service_of(each) in services
            for written in [run(["docker", "logs", each["Id"]])]
        )

    def leftovers(self) -> list[str]:
        """What there is of this project: containers, volumes, networks."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [
            line
            for kind in kinds
            for line in run(["docker", *kind, "--quiet", "--filter", label]).stdout.splitlines()
        ]


def service_of(container: Mapping[str, Any]) -> str:
    """Which service of the Compose file a container is."""
    name: str = container["Config"]["Labels"]["com.docker.compose.service"]
    return name


@contextmanager
def project(
    folder: str,
    *files: str,
    of: Path | None = None,
    version: str = "dev",
    applications: Sequence[str] = APPLICATIONS,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """A Compose project that is not up yet; it and its data are removed at the end.

    Args:
        folder: Where its docker-compose.yml is, in the checkout.
        files: Further files of that folder, over it.
        of: Another checkout than the one that is tested.
        version: The tag of its images.
        applications: Its services.
        settings: What the files are told beside what every project is.
    """
    with _told(applications) as (name, url, environment):
        own = {"COMPOSE_PROJECT_NAME": name, "TANDEM_VERSION": version}
        environment |= {**own, **(settings or {})}
        home = (of or checkout()) / folder
        stack = Stack(home, name, url, environment, ("docker-compose.yml", *files))
        try:
            yield stack
        finally:
            stack.down()


@dataclass(frozen=True)
class Lanes:
    """The servers as a project, and each lane as one of its own."""

    servers: Stack
    blue: Stack
    green: Stack


@contextmanager
def lanes() -> Iterator[Lanes]:
    """The servers and both lanes, none of them up yet; all is removed at the end."""
    with _told() as (name, url, environment), _volume(f"{name}_signing-keys"):
        environment["TANDEM_PROJECT"] = name
        home = checkout() / "infra" / "compose"
        servers = Stack(home, name, url, environment, ("servers.yml",))
        blue, green = (
            Stack(home, f"{name}-{lane}", url, {**environment, "TANDEM_LANE": lane}, ("lane.yml",))
            for lane in ("blue", "green")
        )
        try:
            yield Lanes(servers, blue, green)
        finally:
            # The lanes are on the servers' networks.
            for stack in (green, blue, servers):
                stack.down()


@contextmanager
def _volume(name: str) -> Iterator[None]:
    """A volume that lanes have of what belongs to none, as the deployer makes it."""
    run(["docker", "volume", "create", name])
    try:
        yield
    finally:
        run(["docker", "volume", "rm", "--force", name])


@contextmanager
def _told(
    applications: Sequence[str] = APPLICATIONS,
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """A name for a project, where its nginx is to answer, and what its Compose files are told."""
    needed()
    port, name = free_port(), f"tandem-test-{secrets.token_hex(4)}"
    network = free_network()
    with tempfile.TemporaryDirectory(prefix="tandem-compose-") as scratch:
        make(Path(scratch) / "secrets", applications)
        environment = {
            "TANDEM_PORT": str(port),
            "TANDEM_SECRETS": f"{scratch}/secrets",
            "TANDEM_EDGE_SUBNET": network,
            # Clients say by X-Forwarded-For who they are: all come by the engine's gateway.
            "TANDEM_TRUSTED_BALANCERS": network,
        }
        yield name, f"http://127.0.0.1:{port}", environment


@contextmanager
def saved(images: Iterable[str]) -> Iterator[mmap.mmap]:
    """All files of some images, one after the other, not compressed."""
    with tempfile.TemporaryDirectory(prefix="tandem-images-") as folder:
        path = Path(folder) / "images.tar"
        run(["docker", "save", f"--output={path}", *images], timeout=_SAVE_TIMEOUT)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            yield whole


def checkout() -> Path:
    """The checkout that is tested."""
    return Path(os.environ[CHECKOUT])


def needed() -> None:
    """Skip the test where no engine is to be used."""
    if os.environ.get(DOCKER) != "1":
        requirements.missing(f"no Docker: set {DOCKER}=1 where its engine runs, and package first")
    if CHECKOUT not in os.environ:
        requirements.missing(f"no Compose files: set {CHECKOUT} to the path of the checkout")


def containers(*options: str, environment: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Containers, running or not, as `docker inspect` tells of them; by options of `docker ps`.

    Raises:
        DockerError: the engine does not answer.
    """
    ids = run(["docker", "ps", "--all", "--quiet", *options], environment).stdout.split()
    if not ids:
        return []
    # It fails if one is gone since, and tells of the others all the same.
    told: list[dict[str, Any]] = json.loads(
        run(["docker", "inspect", "--type=container", *ids], environment, check=False).stdout
    )
    return told


def run(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    timeout: float = _COMMAND_TIMEOUT,
    *,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Args:
        command: Its arguments.
        environment: What it is told beside what this process is.
        timeout: Seconds that it may take.
        check: Whether it must succeed.

    Raises:
        DockerError: it failed, or took longer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DockerError(f"{' '.join(command)} took longer than {timeout:g} s") from None
    if check and done.returncode != 0:
        wrote = f"{done.stdout}{done.stderr}"[-4000:]
        raise DockerError(f"{' '.join(command)} ended with {done.returncode}:\n{wrote}")
    return done
