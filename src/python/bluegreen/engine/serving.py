"""What serves, beside what the same release would be started with now."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Protocol

from docker.models.containers import Container

from bluegreen.engine import conditions
from bluegreen.engine.client import Asked
from bluegreen.engine.containers import found
from bluegreen.engine.lines import COMPOSE_FILE, Lines
from bluegreen.engine.variables import Variables
from bluegreen.lane import Lane
from bluegreen.ports import Server
from bluegreen.release import Release
from bluegreen.setup.gathering import named

_NEVER = datetime.min.replace(tzinfo=UTC)


class Written(Protocol):
    """Where the secrets of a server are."""

    def written(self) -> Mapping[str, datetime]:
        """When each was put there, by the server's clock."""


class Serving:
    """The lane that serves on one server.

    Args:
        docker: The engine's API.
        files: The deployer's files there.
        secrets: Those that the server has.
        lines: What is run there.
        variables: What the Compose files are told now.
        tools: Images of a release that no lane runs.
    """

    def __init__(
        self,
        *,
        docker: Asked,
        files: Server,
        secrets: Written,
        lines: Lines,
        variables: Variables,
        tools: Collection[str],
    ) -> None:
        self._docker = docker
        self._files = files
        self._secrets = secrets
        self._lines = lines
        self._variables = variables
        self._tools = tools

    def ill(self, lane: Lane, release: Release, timeout: float) -> list[str]:
        """Why a lane that has a release is not well, for people; nothing if it is."""
        condition = conditions.condition(self._containers(lane, timeout))
        if condition.serves(release, self._tools):
            return []
        ill = sorted(release.images.keys() - self._tools - condition.healthy)
        return [f"{lane} is not healthy: {', '.join(ill) or 'it runs other images'}"]

    def changes(self, lane: Lane, release: Release, timeout: float) -> list[str]:
        """What a lane that has a release would be told otherwise now; nothing if all is as then."""
        said = []
        if self._files.read(f"{_home(lane)}/.env") != self._variables.render(release, lane):
            said.append(f"the settings of the destination are other ones than {lane} started with")
        if newer := self.newer_secrets(lane, timeout):
            said.append(f"{', '.join(newer)} changed since {lane} started")
        return said

    def newer_secrets(self, lane: Lane, timeout: float) -> list[str]:
        """The secrets of a lane that changed since the first of its containers started, sorted."""
        containers = self._containers(lane, timeout)
        started = [datetime.fromisoformat(each.attrs["State"]["StartedAt"]) for each in containers]
        began = min(started, default=_NEVER)
        wanted = named(self._files.read(f"{_home(lane)}/{COMPOSE_FILE}") or "")
        written = self._secrets.written()
        return sorted(name for name in wanted & written.keys() if written[name] > began)

    def _containers(self, lane: Lane, timeout: float) -> list[Container]:
        with self._docker.asked(timeout) as client:
            return found(client, self._lines.lane_project(lane), stopped=True)


def _home(lane: Lane) -> str:
    return f"lanes/{lane}"
