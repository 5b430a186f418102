"""PostgreSQL in a container, hardened as in production, started by infra/postgres/start.sh."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from services.database.settings import APP_ROLE, OWNER_ROLE
from tests.support.database import Addresses

CONFIGURATION = "/etc/tandem/postgres"
SUPERUSER = "postgres"
DATABASE = "tandem"

_INFRA = Path(__file__).parents[2] / "infra" / "postgres"
_START_TIMEOUT = 60.0
_COMMAND_TIMEOUT = 120.0
_LOG_TIMEOUT = 20.0
_HARDENED = (
    *("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=999:999"),
    *("--memory=512m", "--pids-limit=200", "--stop-signal=SIGINT", "--stop-timeout=30"),
    *("--tmpfs=/run/postgresql:uid=999,gid=999,mode=0770", "--tmpfs=/tmp"),
)


class ContainerError(Exception):
    """A container did not come up."""


@dataclass(frozen=True)
class Container:
    """A server, its volume, and a folder for backups that both sides see.

    Attributes:
        password: The superuser's; it has what must be escaped in a password file.
        backups: The folder, on this side; `/backups` in the container.
    """

    name: str
    image: str
    folder: Path
    password: str

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    def make(self) -> None:
        """Make the folders, and start the server on an empty volume."""
        for name in ("backups", "secrets"):
            (self.folder / name).mkdir()
        self.backups.chmod(0o777)
        secret = self.folder / "secrets" / "postgres_password"
        secret.write_text(self.password)
        docker("run", "--detach", f"--name={self.name}", *self.arguments(), *self.command())
        self.wait_until_ready()

    def arguments(self) -> tuple[str, ...]:
        """Of `docker run`."""
        return (
            *("--publish=127.0.0.1::5432", *_HARDENED),
            f"--volume={self.name}:/var/lib/postgresql/data",
            f"--volume={_INFRA}:{CONFIGURATION}:ro",
            f"--volume={self.folder / 'secrets'}:/run/secrets:ro",
            f"--volume={self.backups}:/backups",
        )

    def command(self) -> tuple[str, str]:
        """The image, and what starts the server in it."""
        return self.image, f"{CONFIGURATION}/start.sh"

    def wait_until_ready(self) -> None:
        """Wait until the health check of production says so.

        Raises:
            ContainerError: it took too long.
        """
        deadline = time.monotonic() + _START_TIMEOUT
        asking = ("pg_isready", "--quiet", "--host=/run/postgresql", "--timeout=3")
        while self.run(*asking).returncode:
            if time.monotonic() > deadline:
                raise ContainerError(self.log())
            time.sleep(0.2)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container; its code is not looked at."""
        return _docker("exec", self.name, *command)

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts in the container; its code is not looked at."""
        return self.run(f"{CONFIGURATION}/{name}", *arguments)

    def log(self) -> str:
        """What the server has said."""
        done = _docker("logs", self.name)
        return done.stdout + done.stderr

    def log_with(self, *texts: str) -> str:
        """What the server has said, once it has said these: Docker has it a moment later.

        Raises:
            ContainerError: it does not say them.
        """
        deadline = time.monotonic() + _LOG_TIMEOUT
        while not all(text in (log := self.log()) for text in texts):
            if time.monotonic() > deadline:
                raise ContainerError(log)
            time.sleep(0.1)
        return log

    def addresses(self) -> Addresses:
        """Of the product's database; the roles' passwords are the same each time."""
        return Addresses(
            admin=self.url(SUPERUSER, self.password, "postgres"),
            owner=self.url(OWNER_ROLE, "owners", DATABASE),
            app=self.url(APP_ROLE, "apps", DATABASE),
        )

    def url(self, role: str, password: str, database: str) -> str:
        """The address of a database for this role."""
        place = docker("port", self.name, "5432/tcp").split()[0]
        return f"postgresql://{role}:{quote(password)}@{place}/{database}"

    def remove(self) -> None:
        """End the container and delete its volume."""
        _docker("rm", "--force", self.name)
        _docker("volume", "rm", "--force", self.name)


@contextmanager
def running(image: str, folder: Path) -> Iterator[Container]:
    """A server on an empty volume, and nothing left of it at the end.

    Raises:
        ContainerError: it did not come up.
    """
    number = secrets.token_hex(4)
    container = Container(f"tandem-test-postgres-{number}", image, folder, f"s:\\%-{number}")
    try:
        container.make()
        yield container
    finally:
        container.remove()


def docker(*arguments: str) -> str:
    """Run docker; what it printed.

    Raises:
        ContainerError: it failed.
    """
    done = _docker(*arguments)
    if done.returncode:
        raise ContainerError(done.stderr)
    return done.stdout


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own arguments
        ["docker", *arguments],  # noqa: S607  # wherever it is on PATH
        check=False,
        capture_output=True,
        text=True,
        timeout=_COMMAND_TIMEOUT,
    )
