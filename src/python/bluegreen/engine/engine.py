"""Docker on a server, as the steps of a deployer need it; see `bluegreen.ports.Engine`."""

# ruff: noqa: D102 - the port says what each method takes and does.

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from docker.models.containers import Container

from bluegreen.engine import conditions, metrics
from bluegreen.engine.client import Docker
from bluegreen.engine.compose import LANE_FILE, SERVERS_FILE, Compose
from bluegreen.engine.images import Images
from bluegreen.engine.variables import Variables
from bluegreen.errors import PortError
from bluegreen.lane import Lane
from bluegreen.ports import Clock, Condition, Facts, Server
from bluegreen.release import Heads, Release
from bluegreen.settings import Tasks
from bluegreen.ssh.connection import Connection

SERVERS = frozenset({"kafka", "nginx", "postgres"})
"""What belongs to no lane."""

RECONNECT = "tandem.reconnect"
"""A label that names the signal by which a service ends its streams, so that clients come again."""

_SERVERS_HOME = "servers"
_LOOK_SECONDS = 20.0
_POLL_SECONDS = 0.5
_COMPOSE_FILE = "compose.yaml"


class ServerEngine:
    """The engine of one server.

    Args:
        connection: To the server.
        files: The deployer's files there.
        docker: The engine's API.
        compose: Compose there.
        images: Of releases.
        variables: What the Compose files are told.
        tasks: What is run before and after a lane.
        services: Those of a lane, callers before those that they call.
        clock: Time here.
    """

    def __init__(  # noqa: PLR0913 - the parts of a server
        self,
        *,
        connection: Connection,
        files: Server,
        docker: Docker,
        compose: Compose,
        images: Images,
        variables: Variables,
        tasks: Tasks,
        services: Sequence[str],
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._files = files
        self._docker = docker
        self._compose = compose
        self._images = images
        self._variables = variables
        self._tasks = tasks
        self._services = services
        self._clock = clock

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

    def has_images(self, release: Release, timeout: float) -> bool:
        with self._docker.asked(timeout) as client:
            return not self._images.missing(client, release.images.values())

    def pull(self, release: Release, timeout: float) -> None:
        with self._docker.asked(timeout) as client:
            self._images.pull(client, release)

    def servers_are_healthy(self, timeout: float) -> bool:
        return self._condition(self._compose.servers_project, timeout).healthy >= SERVERS

    def start_servers(self, release: Release, timeout: float) -> None:
        home = f"{_SERVERS_HOME}/{_COMPOSE_FILE}"
        if self._files.read(home) is None:
            self._install(release, SERVERS_FILE, _SERVERS_HOME, None)
        self._compose.up(_SERVERS_HOME, timeout)

    def heads(self, release: Release, timeout: float) -> Heads:
        said = self._task(release, self._tasks.heads, timeout)
        return Heads.parse(said, "what the task `heads` printed")

    def expand(self, release: Release, running: Heads | None, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        if running is not None:
            values = {"expand": running.expand}
            self._task(release, self._tasks.check, timeout, values=values)
        self._run_all(release, self._tasks.expand, end)

    def contract(self, release: Release, timeout: float) -> None:
        self._run_all(release, self._tasks.contract, self._clock.monotonic() + timeout)

    def condition(self, lane: Lane, timeout: float) -> Condition:
        return self._condition(self._compose.lane_project(lane), timeout)

    def clear(self, lane: Lane, timeout: float) -> None:
        self._compose.down(self._compose.lane_project(lane), timeout)

    def prepare(self, lane: Lane, release: Release, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        self._run_all(release, self._tasks.prepare, end, lane)

    def start(self, lane: Lane, release: Release, timeout: float) -> None:
        home = f"lanes/{lane}"
        self._install(release, LANE_FILE, home, lane)
        try:
            self._compose.up(home, timeout)
        except PortError as error:
            raise type(error)(str(error), f"{self._report(lane)}\n{error.detail}") from error

    def publish(self, release: Release, timeout: float) -> None:
        self._run_all(release, self._tasks.publish, self._clock.monotonic() + timeout)

    def prove(self, lane: Lane, release: Release, timeout: float) -> None:
        end = self._clock.monotonic() + timeout
        try:
            self._run_all(release, self._tasks.prove, end, lane)
        except PortError as error:
            raise type(error)(str(error), f"{error.detail}\n{self._report(lane)}") from error

    def end_requests(self, lane: Lane, timeout: float) -> bool:
        return self._until_none(lane, "request", timeout)

    def end_streams(self, lane: Lane, timeout: float) -> bool:
        for container in self._containers(self._compose.lane_project(lane), _LOOK_SECONDS):
            signal = container.labels.get(RECONNECT)
            if signal and container.status == "running":
                with self._docker.asked(_LOOK_SECONDS) as client:
                    client.containers.get(container.id).kill(signal)
        return self._until_none(lane, "stream", timeout)

    def end_calls(self, lane: Lane, timeout: float) -> bool:
        end = self._clock.monotonic() + timeout
        project = self._compose.lane_project(lane)
        # A caller first, so that nothing is asked that nobody answers any more.
        for service in self._services:
            if (left := end - self._clock.monotonic()) <= 0:
                return False
            self._stop(project, service, left)
        return True

    def stop(self, lane: Lane, timeout: float) -> None:
        self._compose.stop(self._compose.lane_project(lane), timeout)

    def remove_images(self, images: Sequence[str], timeout: float) -> None:
        with self._docker.asked(timeout) as client:
            self._images.remove(client, images)

    def logs(self, lane: Lane, services: Sequence[str], lines: int, timeout: float) -> str:
        """The last lines of the logs of a lane's services, of all if none is named."""
        return self._compose.logs(self._compose.lane_project(lane), services, lines, timeout)

    def _install(self, release: Release, file: str, home: str, lane: Lane | None) -> None:
        content = self._files.read(f"releases/{release.version}/{file}")
        if content is None:
            raise PortError(f"the server has no {file} of {release.version}; deploy it again")
        self._files.write(f"{home}/.env", self._variables.render(release, lane))
        self._files.write(f"{home}/{_COMPOSE_FILE}", content)

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
        return self._compose.task(release, line, timeout, lane=lane, values=values)

    def _condition(self, project: str, timeout: float) -> Condition:
        return conditions.condition(self._containers(project, timeout))

    def _containers(self, project: str, timeout: float) -> list[Container]:
        with self._docker.asked(timeout) as client:
            return client.containers.list(all=True, filters=conditions.filters(project))

    def _report(self, lane: Lane) -> str:
        try:
            with self._docker.asked(_LOOK_SECONDS) as client:
                found = conditions.filters(self._compose.lane_project(lane))
                return conditions.report(client.containers.list(all=True, filters=found))
        except PortError as error:
            return f"what the containers say cannot be had: {error}"

    def _until_none(self, lane: Lane, kind: str, timeout: float) -> bool:
        end = self._clock.monotonic() + timeout
        filters = conditions.filters(self._compose.lane_project(lane))
        while True:
            with self._docker.asked(_LOOK_SECONDS) as client:
                containers = client.containers.list(filters=filters)
                with ThreadPoolExecutor(max_workers=4) as pool:
                    active = sum(pool.map(lambda each: metrics.active(each, kind), containers))
            if active == 0:
                return True
            if self._clock.monotonic() > end:
                return False
            self._clock.sleep(_POLL_SECONDS)

    def _stop(self, project: str, service: str, timeout: float) -> None:
        with self._docker.asked(timeout) as client:
            for each in client.containers.list(filters=conditions.filters(project, service)):
                each.stop()
