"""A destination as it is reached: the parts of the deployer, put together for one server."""

import getpass
import os
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from bluegreen.acts import Acts, Demands
from bluegreen.commands import Say
from bluegreen.engine.client import Asked, Docker
from bluegreen.engine.compose import Compose
from bluegreen.engine.engine import ServerEngine
from bluegreen.engine.images import Credentials, Images
from bluegreen.engine.lines import Lines
from bluegreen.engine.variables import Variables
from bluegreen.executor import Executor
from bluegreen.hooks import Hooks
from bluegreen.hooks import Run as RunHook
from bluegreen.journal import Journal, Listener, Run
from bluegreen.lock import Identity, Lock
from bluegreen.nginx.balancer import ServerBalancer
from bluegreen.ports import Clock, Server
from bluegreen.secret import Redactor
from bluegreen.settings import Destination, Settings
from bluegreen.ssh.connection import Address, Connection, Runs
from bluegreen.ssh.files import Files
from bluegreen.store import Store

OWNER = "BLUEGREEN_OWNER"
"""The variable that says who deploys, where the name of this machine's user would not."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")  # Linux's alone


class SystemClock:
    """Time on this machine."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Told:
    """What all commands are told.

    Attributes:
        settings: The whole file.
        name: The destination's.
        destination: Its settings as they hold.
        secrets: Those that this command needs, by their paths in the settings.
        say: Is told of progress.
    """

    settings: Settings
    name: str
    destination: Destination
    secrets: Mapping[str, str]
    say: Say


@dataclass(frozen=True)
class Site:
    """The parts, each of which does nothing before it is asked."""

    told: Told
    connection: Connection
    files: Server
    store: Store
    lock: Lock
    docker: Asked
    lines: Lines
    compose: Compose
    engine: ServerEngine
    balancer: ServerBalancer
    clock: Clock = field(default_factory=SystemClock)

    def on(self, commands: Runs, files: Server, docker: Asked, clock: Clock) -> Self:
        """The same parts on other ground; `connection` alone stays what it is."""
        return replace(
            self,
            files=files,
            store=Store(files),
            lock=Lock(files, _identity()),
            docker=docker,
            compose=Compose(commands),
            engine=_engine(self.told, commands, files, docker, clock),
            balancer=_balancer(self.told, docker, clock, files),
            clock=clock,
        )

    def journal(self, listener: Listener) -> Journal:
        """The log of a run that begins now."""
        redact = Redactor(list(self.told.secrets.values()))
        run = Run(secrets.token_hex(4), owner(), redact)
        return Journal(self.store, self.clock, run, listener)

    def hooks(self, journal: Journal, operation: str, run: RunHook) -> Hooks:
        """What runs here beside the steps of an operation.

        Args:
            journal: Where all is written down.
            operation: What to call it, such as `deploy`.
            run: Runs one.
        """
        told = {
            "BLUEGREEN_DESTINATION": self.told.name,
            "BLUEGREEN_OPERATION": operation,
            OWNER: journal.run.owner,
        }
        return Hooks(self.told.settings.hooks, told, run, journal, self.clock)

    def executor(self, journal: Journal, contents: Mapping[str, str], hooks: Hooks) -> Executor:
        """What does plans there.

        Args:
            journal: Where all is written down.
            contents: The Compose files of the release to deliver, by their digests.
            hooks: What runs here beside the steps.
        """
        destination = self.told.destination
        acts = Acts(
            store=self.store,
            engine=self.engine,
            balancer=self.balancer,
            clock=self.clock,
            demands=Demands(
                tools=self.told.settings.build.names,
                least_free_bytes=destination.least_free_bytes,
                watch=destination.watch.limits(),
            ),
            contents=contents,
            wall=time.time,
        )
        return Executor(
            store=self.store,
            acts=acts,
            clock=self.clock,
            journal=journal,
            timeouts=destination.timeouts,
            hooks=hooks,
        )


@contextmanager
def opened(told: Told) -> Iterator[Site]:
    """A destination, whose connection ends with the context."""
    project, destination = told.settings.project, told.destination
    folder = destination.folder
    key = told.secrets.get(f"destinations.{told.name}.key")
    connection = Connection(Address.parse(destination.address), destination.known_hosts, key)
    clock, files, docker = SystemClock(), Files(connection, folder), Docker(connection)
    try:
        yield Site(
            told=told,
            connection=connection,
            files=files,
            store=Store(files),
            lock=Lock(files, _identity()),
            docker=docker,
            lines=Lines(folder, project.name),
            compose=Compose(connection),
            engine=_engine(told, connection, files, docker, clock),
            balancer=_balancer(told, docker, clock, files),
            clock=clock,
        )
    finally:
        connection.close()


def _engine(told: Told, commands: Runs, files: Server, docker: Asked, clock: Clock) -> ServerEngine:
    project, destination = told.settings.project, told.destination
    folder, url = destination.folder, destination.public_url
    return ServerEngine(
        connection=commands,
        files=files,
        docker=docker,
        lines=Lines(folder, project.name),
        compose=Compose(commands),
        images=Images(_credentials(told)),
        variables=Variables(project.name, folder, url, destination.environment),
        tasks=told.settings.tasks,
        services=project.services,
        clock=clock,
        say=told.say,
    )


def _balancer(told: Told, docker: Asked, clock: Clock, files: Server) -> ServerBalancer:
    return ServerBalancer(docker, told.settings.project.name, clock, files.now)


def owner() -> str:
    """Who deploys: a person, or a pipeline."""
    return os.environ.get(OWNER) or getpass.getuser()


def _identity() -> Identity:
    return Identity(
        owner=owner(),
        host=socket.gethostname(),
        boot=_BOOT.read_text().strip() if _BOOT.exists() else "",
        pid=os.getpid(),
        runs=_runs,
        token=lambda: secrets.token_hex(8),
    )


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _credentials(told: Told) -> Credentials | None:
    login = told.settings.project.registry_login
    password = told.secrets.get("project.registry-login.password")
    return Credentials(login.user, password) if login and password else None
