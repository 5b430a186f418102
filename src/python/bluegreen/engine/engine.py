"""Docker on a server, as the steps of a deployer need it; see `bluegreen.ports.Engine`."""

# ruff: noqa: D102 - the port says what each method takes and does.

from collections.abc import Sequence
from contextlib import suppress

import yaml

from bluegreen.commands import Say
from bluegreen.deadline import Deadline
from bluegreen.engine import conditions, metrics
from bluegreen.engine.client import Asked
from bluegreen.engine.compose import Compose
from bluegreen.engine.containers import found, starved
from bluegreen.engine.images import Images, registry_of
from bluegreen.engine.lines import (
    COMPOSE_FILE,
    LANE_FILE,
    SERVERS_FILE,
    SERVERS_HOME,
    Lines,
)
from bluegreen.engine.tasks import known
from bluegreen.engine.variables import Variables
from bluegreen.errors import PortError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.ports import Clock, Condition, Facts, Report, Server
from bluegreen.release import Heads, Release
from bluegreen.settings import Tasks
from bluegreen.ssh.connection import Runs

SERVERS = frozenset({"kafka", "nginx", "postgres"})
"""What belongs to no lane."""

RECONNECT = "tandem.reconnect"
"""A label that names the signal by which a service ends its streams, so that clients come again."""

_LOOK_SECONDS = 20.0
_POLL_SECONDS = 0.5


class ServerEngine:
    """The engine of one server.

    Args:
        connection: To the server.
        files: The deployer's files there.
        docker: The engine's API.
        lines: What is run there.
        compose: What runs it.
        images: Of releases.
        variables: What the Compose files are told.
        tasks: What is run before and after a lane.
        services: Those of a lane, callers before those that they call.
        clock: Time here.
        say: Is told of progress, a line at a time.
    """

    def __init__(
        self,
        *,
        connection: Runs,
        files: Server,
        docker: Asked,
        lines: Lines,
        compose: Compose,
        images: Images,
        variables: Variables,
        tasks: Tasks,
        services: Sequence[str],
        clock: Clock,
        say: Say,
    ) -> None:
        self._connection = connection
        self._files = files
        self._docker = docker
        self._lines = lines
        self._compose = compose
        self._images = images
        self._variables = variables
        self._tasks = tasks
        self._services = services
        self._clock = clock
        self._say = say

    def facts(self, timeout: float) -> Facts:
        with self._docker.asked(timeout) as client:
            told = client.info()
        root, engine = str(told["DockerRootDir"]), str(told["ServerVersion"])
        free = self._connection.run(
            ["df", "--output=avail", "--block-size=1", root], timeout=timeout
        )
        if free.code != 0:
            raise PortError(f"nobody knows how full {root} is: {free.errors.strip()}")
        return Facts(self._files.now(), int(free.output.split()[-1]), engine)

    def ask_registry(self, release: Release, timeout: float) -> None:
        with self._docker.asked(timeout) as client:
            missing = self._images.missing(client, release.images.values())
        if missing:
            self.reach_registry(missing[0].partition("@")[0], min(timeout, _LOOK_SECONDS))

    def reach_registry(self, repository: str, timeout: float) -> None:
        """See that the registry of a repository lets the server in; errors as of `ask_registry`."""
        try:
            with self._docker.asked(timeout) as client:
                self._images.ask(client, repository)
        except TemporaryError as error:
            raise TemporaryError(
                f"the registry {registry_of(repository)} was not reached from the server: {error}; "
                "see that it is up and that the server gets there, then ask `doctor`"
            ) from error

    def has_images(self, release: Release, timeout: float) -> bool:
        with self._docker.asked(timeout) as client:
            return not self._images.missing(client, release.images.values())

    def pull(self, release: Release, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        names = {image: name for name, image in release.images.items()}
        with self._docker.asked(timeout) as client:
            missing = self._images.missing(client, names)
        for number, image in enumerate(missing, 1):
            self._say(f"pull {names[image]} ({number} of {len(missing)})")
            with self._docker.asked(max(1.0, end - self._clock.monotonic())) as client:
                self._images.pull(client, image)

    def servers_are_healthy(self, timeout: float) -> bool:
        return self._condition(self._lines.servers_project, timeout).healthy >= SERVERS

    def start_servers(self, release: Release, timeout: float) -> None:
        end = Deadline.after(self._clock, timeout)
        home = f"{SERVERS_HOME}/{COMPOSE_FILE}"
        if self._files.read(home) is None:
            # The first release goes to blue, which is tried before it has the traffic.
            self._install(release, SERVERS_FILE, SERVERS_HOME, Lane.GREEN)
        self._compose.run(self._lines.up(SERVERS_HOME, timeout), timeout)
        self._make_volumes(self._files.read(home) or "", max(_LOOK_SECONDS, end.left()))

    def heads(self, release: Release, timeout: float) -> Heads:
        if self._tasks.heads is None:
            return Heads()
        try:
            said = self._task(release, self._tasks.heads, timeout)
        except PortError as error:
            raise type(error)(f"{error}{self._servers_down()}", error.detail) from error
        return Heads.parse(said, "what the task `heads` printed")

    def expand(self, release: Release, running: Heads | None, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        if running is not None and self._tasks.check is not None:
            values = {"expand": running.expand}
            self._task(release, self._tasks.check, timeout, values=values)
        self._run_all(release, self._tasks.expand, end)

    def contract(self, release: Release, timeout: float) -> None:
        self._run_all(release, self._tasks.contract, self._clock.monotonic() + timeout)

    def tell_secrets(self, release: Release, timeout: float) -> None:
        tasks = self._known(release, self._tasks.secrets)
        self._run_all(release, tasks, self._clock.monotonic() + timeout)

    def condition(self, lane: Lane, timeout: float) -> Condition:
        return self._condition(self._lines.lane_project(lane), timeout)

    def report(self, lane: Lane) -> Report:
        try:
            now = self._files.now()
            with self._docker.asked(_LOOK_SECONDS) as client:
                there = found(client, self._lines.lane_project(lane), stopped=True)
                return conditions.report(there, starved(client, there, now))
        except PortError as error:
            unknown = f"what the containers say cannot be had: {error}"
            return Report(unknown, [unknown])

    def clear(self, lane: Lane, timeout: float) -> None:
        self._compose.run(self._lines.down(self._lines.lane_project(lane), timeout), timeout)

    def prepare(self, lane: Lane, release: Release, timeout: float, *, again: bool) -> None:
        end = self._clock.monotonic() + timeout
        tasks = self._tasks.prepare
        if again and self._tasks.prepare_again is not None:
            tasks = self._tasks.prepare_again
        self._run_all(release, self._known(release, tasks), end, lane)

    def start(self, lane: Lane, release: Release, timeout: float) -> None:
        home = f"lanes/{lane}"
        self._install(release, LANE_FILE, home, lane)
        try:
            self._compose.run(self._lines.up(home, timeout), timeout)
        except PortError as error:
            said = self.report(lane).text
            ill = "; ".join(conditions.headlines(said))
            message = f"{release.version} is not healthy in {lane}: {ill} ({error})"
            raise type(error)(message, f"{error.detail}\n{said}") from error

    def publish(self, release: Release, timeout: float) -> None:
        tasks = self._known(release, self._tasks.publish)
        self._run_all(release, tasks, self._clock.monotonic() + timeout)

    def prove(self, lane: Lane, release: Release, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        try:
            self._run_all(release, self._tasks.prove, end, lane)
        except PortError as error:
            said = self.report(lane)
            message = said.added_to(str(error))
            raise type(error)(message, f"{error.detail}\n{said.text}") from error

    def end_requests(self, lane: Lane, timeout: float) -> bool:
        end = Deadline.after(self._clock, timeout)
        return end.by_then(lambda: self._until_none(lane, "request", end))

    def end_streams(self, lane: Lane, timeout: float) -> bool:
        end = Deadline.after(self._clock, timeout)

        def wait() -> bool:
            with self._docker.asked(end.look()) as client:
                for container in found(client, self._lines.lane_project(lane)):
                    if signal := container.labels.get(RECONNECT):
                        container.kill(signal)
            return self._until_none(lane, "stream", end)

        return end.by_then(wait)

    def end_calls(self, lane: Lane, timeout: float) -> bool:
        end = Deadline.after(self._clock, timeout)
        return end.by_then(lambda: self._stop_all(self._lines.lane_project(lane), end))

    def stop(self, lane: Lane, timeout: float) -> None:
        self._compose.run(self._lines.stop(self._lines.lane_project(lane), timeout), timeout)

    def remove_images(self, images: Sequence[str], timeout: float) -> None:
        with self._docker.asked(timeout) as client:
            self._images.remove(client, images)

    def logs(self, lane: Lane, services: Sequence[str], lines: int, timeout: float) -> str:
        """The last lines of the logs of a lane's services, of all if none is named."""
        project = self._lines.lane_project(lane)
        return self._compose.run(self._lines.logs(project, services, lines), timeout)

    def _install(self, release: Release, file: str, home: str, lane: Lane) -> None:
        content = self._kept(release, file)
        self._files.write(f"{home}/.env", self._variables.render(release, lane))
        self._files.write(f"{home}/{COMPOSE_FILE}", content)

    def _kept(self, release: Release, file: str) -> str:
        content = self._files.read(f"releases/{release.version}/{file}")
        if content is None:
            raise PortError(f"the server has no {file} of {release.version}; deploy it again")
        return content

    def _known(self, release: Release, lines: Sequence[str]) -> list[str]:
        there, others = known(lines, self._kept(release, LANE_FILE))
        for name in others:
            self._say(f"{release.version} has no task {name}")
        return there

    def _make_volumes(self, servers_file: str, timeout: float) -> None:
        """Make what only lanes have a use for: Compose leaves out what its own services do not."""
        project = self._lines.servers_project
        declared = yaml.safe_load(servers_file).get("volumes") or {}
        with self._docker.asked(timeout) as client:
            for name in declared:
                labels = {
                    "com.docker.compose.project": project,
                    "com.docker.compose.volume": name,
                }
                client.volumes.create(f"{project}_{name}", labels=labels)

    def _run_all(
        self, release: Release, lines: Sequence[str], end: float, lane: Lane = Lane.BLUE
    ) -> None:
        for line in lines:
            self._task(release, line, max(1.0, end - self._clock.monotonic()), lane)

    def _task(
        self,
        release: Release,
        line: str,
        timeout: float,
        lane: Lane = Lane.BLUE,
        values: dict[str, str] | None = None,
    ) -> str:
        self._files.write(f"releases/{release.version}/.env", self._variables.render(release))
        task = self._lines.task(release, line, timeout, lane=lane, values=values)
        return self._compose.run(task, timeout)

    def _condition(self, project: str, timeout: float) -> Condition:
        with self._docker.asked(timeout) as client:
            return conditions.condition(found(client, project, stopped=True))

    def _servers_down(self) -> str:
        """Which of those that no deploy starts are why, and what does; nothing if none is."""
        with suppress(PortError):
            now = self._condition(self._lines.servers_project, _LOOK_SECONDS)
            if down := ", ".join(sorted(SERVERS - now.healthy)):
                return (
                    f"; {down}: not healthy, which `bluegreen servers` starts, or `docker compose "
                    "up --detach` in the folder servers there"
                )
        return ""

    def _until_none(self, lane: Lane, kind: str, end: Deadline) -> bool:
        while not self._has_none(lane, kind, end.look()):
            if end.is_near():
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True

    def _has_none(self, lane: Lane, kind: str, timeout: float) -> bool:
        with self._docker.asked(timeout) as client:
            containers = found(client, self._lines.lane_project(lane))
            return not any(metrics.active(each, kind) for each in containers)

    def _stop_all(self, project: str, end: Deadline) -> bool:
        # A caller first, so that nothing is asked that nobody answers any more.
        for service in self._services:
            if not end.left():
                return False
            with self._docker.asked(end.left()) as client:
                for each in found(client, project, service):
                    each.stop()
        return True
