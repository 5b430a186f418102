"""What belongs to no lane: whether it is of the release that serves, and how it becomes so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bluegreen.engine import conditions
from bluegreen.engine.client import Asked
from bluegreen.engine.containers import found
from bluegreen.engine.engine import SERVERS, ServerEngine
from bluegreen.engine.lines import COMPOSE_FILE, SERVERS_FILE, SERVERS_HOME
from bluegreen.engine.variables import Variables
from bluegreen.errors import PortError
from bluegreen.lane import Lane
from bluegreen.ports import Condition, Server
from bluegreen.release import Release

_COMPOSE_FILE = f"{SERVERS_HOME}/{COMPOSE_FILE}"
_VARIABLES = f"{SERVERS_HOME}/.env"

_OF_A_RELEASE = re.compile(r"TANDEM_(VERSION|IMAGE_[A-Z0-9_]+)=")
"""What is another with each release, or is compared by the images that run."""


@dataclass(frozen=True)
class Written:
    """The files of the servers, as they were.

    Attributes:
        compose: None if there was none.
        variables: None if there was none.
    """

    compose: str | None
    variables: str | None


class Servers:
    """Kafka, PostgreSQL and nginx of one server.

    Args:
        docker: The engine's API.
        files: The deployer's files there.
        engine: What starts them.
        variables: What their Compose file is told.
        project: Their Compose project.
    """

    def __init__(
        self,
        *,
        docker: Asked,
        files: Server,
        engine: ServerEngine,
        variables: Variables,
        project: str,
    ) -> None:
        self._docker = docker
        self._files = files
        self._engine = engine
        self._variables = variables
        self._project = project

    def behind(self, release: Release, timeout: float) -> dict[str, str]:
        """What is wrong with those that do not run well as a release has them, by their names."""
        with self._docker.asked(timeout) as client:
            now = conditions.condition(found(client, self._project, stopped=True))
        said = {name: _wrong(name, now, release) for name in sorted(SERVERS)}
        return {name: wrong for name, wrong in said.items() if wrong}

    def differences(self, release: Release, timeout: float) -> list[str]:
        """What bringing them to a release would change, for people; nothing if it is so."""
        said = [f"{name} {wrong}" for name, wrong in self.behind(release, timeout).items()]
        written = self.written()
        if written.compose != self._file(release):
            said.append(f"{SERVERS_FILE} is another one")
        if _settings(written.variables or "") != _settings(self._told(release)):
            said.append("the settings of the destination are other ones")
        return said

    def written(self) -> Written:
        """Their files as they are."""
        return Written(self._files.read(_COMPOSE_FILE), self._files.read(_VARIABLES))

    def bring(self, release: Release, timeout: float) -> None:
        """Bring them to a release: what differs starts anew, and is waited for until it is healthy.

        Raises:
            PortError: one of them is not.
        """
        self._start(Written(self._file(release), self._told(release)), release, timeout)

    def put_back(self, before: Written, release: Release, timeout: float) -> None:
        """Have them as they were."""
        self._start(before, release, timeout)

    def _start(self, files: Written, release: Release, timeout: float) -> None:
        self._files.write(_VARIABLES, files.variables or "")
        self._files.write(_COMPOSE_FILE, files.compose or "")
        self._engine.start_servers(release, timeout)

    def _file(self, release: Release) -> str:
        content = self._files.read(f"releases/{release.version}/{SERVERS_FILE}")
        if content is None:
            raise PortError(f"the server has no {SERVERS_FILE} of {release.version}")
        return content

    def _told(self, release: Release) -> str:
        # The lane is for a volume that has none yet; another one would start nginx anew.
        return self._variables.render(release, Lane.GREEN)


def _wrong(name: str, now: Condition, release: Release) -> str:
    if name not in now.running:
        return "does not run"
    if now.images[name] != release.images.get(name):
        return "runs another image"
    return "" if name in now.healthy else "is not healthy"


def _settings(variables: str) -> Sequence[str]:
    return sorted(line for line in variables.splitlines() if not _OF_A_RELEASE.match(line))
