"""A destination as it is reached: the parts of the deployer, put together for one server."""

import getpass
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from bluegreen.acts import Acts, Demands
from bluegreen.commands import Say
from bluegreen.engine.client import Asked, Docker
from bluegreen.engine.compose import Compose
from bluegreen.engine.engine import ServerEngine
from bluegreen.engine.images import Credentials, Images
from bluegreen.engine.lines import Lines
from bluegreen.engine.servers import Servers, Written
from bluegreen.engine.serving import Serving
from bluegreen.engine.variables import Variables
from bluegreen.executor import Executor
from bluegreen.hooks import Hooks
from bluegreen.hooks import Run as RunHook
from bluegreen.journal import Journal, Listener, NoLog, Run
from bluegreen.lane import Lane
from bluegreen.lock import Identity, Lock
from bluegreen.nginx.balancer import ServerBalancer
from bluegreen.ports import Balancer, Clock, Engine, Server, WhatServes
from bluegreen.secret import Redactor
from bluegreen.settings import REGISTRY_PASSWORD, Destination, Settings
from bluegreen.setup.gathering import SecretFolder
from bluegreen.setup.setting_up import Place
from bluegreen.ssh.connection import Address, Connection, Runs
from bluegreen.ssh.files import Files
from bluegreen.ssh.host import ServerHost
from bluegreen.ssh.secret_files import SecretFiles
from bluegreen.store import Store
from bluegreen.upkeep import Upkept

OWNER = "BLUEGREEN_OWNER"
"""The variable that says who deploys, where the name of this machine's user would not."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")  # Linux's alone
_NAMESPACE = Path("/proc/self/ns/pid")  # the same


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


class SiteEngine(Engine, Protocol):
    """Docker on a server, also for those who only look."""

    def reach_registry(self, repository: str, timeout: float) -> None:
        """See that the registry of a repository lets the server in; errors as of `ask_registry`."""

    def logs(self, lane: Lane, services: Sequence[str], lines: int, timeout: float) -> str:
        """The last lines of the logs of a lane's services, of all if none is named."""


@dataclass(frozen=True)
class Ground:
    """What parts of a site stand on.

    Attributes:
        connection: To the server.
        docker: The engine there.
    """

    connection: Connection
    docker: Asked


@dataclass(frozen=True)
class Site:
    """The parts, each of which does nothing before it is asked.

    Attributes:
        told: What all commands are told.
        files: The deployer's own there.
        store: What is in them.
        lock: Of the server.
        lines: What is run there.
        engine: What runs it.
        balancer: nginx there.
        servers: What belongs to no lane.
        serving: The lane that serves.
        place: The server before anything is on it.
        secrets: Those that it has.
        clock: Time here.
        wall: Seconds since 1970 by this machine's clock.
        ground: What they stand on, where that is a server.
    """

    told: Told
    files: Server
    store: Store
    lock: Lock
    lines: Lines
    engine: SiteEngine
    balancer: Balancer
    servers: Upkept[Written]
    serving: WhatServes
    place: Place
    secrets: SecretFolder
    clock: Clock
    wall: Callable[[], float] = time.time
    ground: Ground | None = None

    def on(self, commands: Runs, files: Server, docker: Asked, clock: Clock) -> Self:
        """The same parts on other ground."""
        engine = _engine(self.told, commands, files, docker, clock)
        return replace(
            self,
            files=files,
            store=Store(files),
            lock=Lock(files, _identity()),
            engine=engine,
            balancer=_balancer(self.told, docker, clock, files),
            servers=_servers(self.told, files, docker, engine),
            clock=clock,
        )

    def journal(self, listener: Listener) -> Journal:
        """The log of a run that begins now."""
        return Journal(self.store, self.clock, run_of(self.told.secrets), listener)

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
        return Hooks(self.told.settings.hooks, told, run, journal)

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
            serving=self.serving,
            clock=self.clock,
            demands=Demands(
                tools=self.told.settings.build.names,
                least_free_bytes=destination.least_free_bytes,
                watch=destination.watch.limits(),
            ),
            contents=contents,
            wall=self.wall,
            say=self.told.say,
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
    destination, folder = told.destination, told.destination.folder
    key = told.secrets.get(f"destinations.{told.name}.key")
    connection = Connection(Address.parse(destination.address), destination.known_hosts, key)
    clock, files, docker = SystemClock(), Files(connection, folder), Docker(connection)
    engine = _engine(told, connection, files, docker, clock)
    secrets_there = SecretFiles(connection, folder)
    try:
        yield Site(
            told=told,
            files=files,
            store=Store(files),
            lock=Lock(files, _identity(), say=told.say),
            lines=_lines(told),
            engine=engine,
            balancer=_balancer(told, docker, clock, files),
            servers=_servers(told, files, docker, engine),
            serving=Serving(
                docker=docker,
                files=files,
                secrets=secrets_there,
                lines=_lines(told),
                variables=_variables(told),
                tools=told.settings.build.names,
            ),
            place=ServerHost(connection, folder),
            secrets=secrets_there,
            ground=Ground(connection, docker),
            clock=clock,
        )
    finally:
        connection.close()


def _engine(told: Told, commands: Runs, files: Server, docker: Asked, clock: Clock) -> ServerEngine:
    project = told.settings.project
    return ServerEngine(
        connection=commands,
        files=files,
        docker=docker,
        lines=_lines(told),
        compose=Compose(commands),
        images=Images(_credentials(told)),
        variables=_variables(told),
        tasks=told.settings.tasks,
        services=project.services,
        clock=clock,
        say=told.say,
    )


def _balancer(told: Told, docker: Asked, clock: Clock, files: Server) -> ServerBalancer:
    return ServerBalancer(docker, told.settings.project.name, clock, files.now)


def _servers(told: Told, files: Server, docker: Asked, engine: ServerEngine) -> Servers:
    return Servers(
        docker=docker,
        files=files,
        engine=engine,
        variables=_variables(told),
        project=told.settings.project.name,
    )


def _lines(told: Told) -> Lines:
    return Lines(told.destination.folder, told.settings.project.name)


def _variables(told: Told) -> Variables:
    name, destination = told.settings.project.name, told.destination
    return Variables(name, destination.folder, destination.public_url, destination.environment)


def unkept(listener: Listener, known: Mapping[str, str]) -> Journal:
    """The log of a run that no server is told of.

    Args:
        listener: Is told what becomes of steps.
        known: Secrets, of which it has none.
    """
    return Journal(NoLog(), SystemClock(), run_of(known), listener)


def run_of(known: Mapping[str, str]) -> Run:
    """A run that begins now, with what it has to keep to itself."""
    return Run(secrets.token_hex(4), owner(), Redactor(list(known.values())))


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
        namespace=str(_NAMESPACE.readlink()) if _NAMESPACE.is_symlink() else "",
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
    password = told.secrets.get(REGISTRY_PASSWORD)
    return Credentials(login.user, password) if login and password else None
