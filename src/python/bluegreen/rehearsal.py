"""What each step would run on a server, as a shell reads it. Pure: nothing is run."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bluegreen.bundle import MANIFEST
from bluegreen.engine import metrics
from bluegreen.engine.engine import RECONNECT
from bluegreen.engine.lines import COMPOSE_FILE, SERVERS_HOME, Lines
from bluegreen.engine.tasks import known
from bluegreen.lane import Lane
from bluegreen.nginx.balancer import ASK, RELOAD, STAND_DOWN
from bluegreen.release import Release
from bluegreen.settings import Tasks
from bluegreen.state import State
from bluegreen.step import LEAVING, Action, Step


@dataclass(frozen=True)
class Rehearsal:
    """The commands of a destination's steps.

    Attributes:
        lines: Its command lines.
        tasks: What runs before and after a lane.
        services: Those of a lane, callers first.
        state: What the server remembers.
        manifests: Of the releases that may be removed.
        lane_files: The lane.yml of what goes there, if it is kept; what is new has all tasks.
    """

    lines: Lines
    tasks: Tasks
    services: Sequence[str]
    state: State
    manifests: Mapping[str, Release]
    lane_files: Mapping[str, str] = field(default_factory=dict)

    def commands(self, step: Step) -> list[str]:
        """What a step runs, in order; what is in parentheses has no command of its own."""
        said = self._said(step)
        if step.lane is not None and step.action in LEAVING and self.state.live is not None:
            return [self._in_nginx(STAND_DOWN, step.lane), *said]
        return said

    def _said(self, step: Step) -> list[str]:
        release, lane, left = step.release, step.lane, step.timeout
        if release is not None and step.action in _OF_A_RELEASE:
            return list(_OF_A_RELEASE[step.action](self, release, left))
        if lane is not None and step.action in _OF_A_LANE:
            return list(_OF_A_LANE[step.action](self, lane, left))
        tasks = self._ran.get(step.action)
        if release is not None and tasks is not None:
            if step.action in _IF_IT_HAS_THEM:
                tasks = self._known(release, tasks)
            return list(self._tasks(tasks, release, left, lane))
        if step.action is Action.PRUNE:
            return list(self._pruned(step.versions))
        if step.action in {Action.PREFLIGHT, Action.SCHEMA}:
            return list(self._looked(release, left))
        return ["(write state.json)"]

    @property
    def _ran(self) -> Mapping[Action, Sequence[str]]:
        return {
            Action.TOPICS: self.tasks.prepare,
            Action.PUBLISH: self.tasks.publish,
            Action.PROVE: self.tasks.prove,
            Action.CONTRACT: self.tasks.contract,
        }

    def _looked(self, release: Release | None, left: float) -> Iterator[str]:
        yield "docker info"
        yield "df --output=avail --block-size=1 (the engine's folder)"
        if release is not None:
            yield f"docker image inspect {' '.join(release.images.values())}"
            yield "(ask the registry for a tag that nobody has, if one is missing)"
        if self.state.serving:
            yield from self._tasks([self.tasks.heads], self.state.serving, left)

    def _recorded(self, release: Release, _left: float) -> Iterator[str]:
        for name in (*release.files, MANIFEST):
            yield f"(write {self._file('releases', release.version, name)})"

    def _pulled(self, release: Release, _left: float) -> Iterator[str]:
        yield from (f"docker pull {image}" for image in release.images.values())

    def _served(self, _release: Release, left: float) -> Iterator[str]:
        if self.state.live is None:  # they keep what they were started with
            yield from self._installed(SERVERS_HOME)
        yield str(self.lines.up(SERVERS_HOME, left))
        yield f"docker volume create (each of servers.yml: {self.lines.servers_project}_...)"

    def _cleared(self, lane: Lane, left: float) -> Iterator[str]:
        yield str(self.lines.down(self.lines.lane_project(lane), left))

    def _started(self, lane: Lane, left: float) -> Iterator[str]:
        yield from self._installed(f"lanes/{lane}")
        yield str(self.lines.up(f"lanes/{lane}", left))

    def _switched(self, lane: Lane, _left: float) -> Iterator[str]:
        yield self._in_nginx(RELOAD, lane)
        yield self._in_nginx(ASK, "/nginx/live")

    def _watched(self, _lane: Lane, _left: float) -> Iterator[str]:
        yield self._logged()

    def _requests_ended(self, lane: Lane, _left: float) -> Iterator[str]:
        yield from self._settled()
        yield from self._quiet(lane)

    def _quiet(self, lane: Lane) -> Iterator[str]:
        for service in self.services:
            yield shlex.join(["docker", "exec", self._in_lane(lane, service), *metrics.ASK])
        yield "(until no request is under way)"

    def _streams_ended(self, lane: Lane, _left: float) -> Iterator[str]:
        yield f"docker kill --signal (its label {RECONNECT}) (each of {lane} that has the label)"
        yield from self._quiet(lane)
        yield from self._settled()

    def _calls_ended(self, lane: Lane, _left: float) -> Iterator[str]:
        yield from (f"docker stop {self._in_lane(lane, service)}" for service in self.services)

    def _stopped(self, lane: Lane, left: float) -> Iterator[str]:
        yield str(self.lines.stop(self.lines.lane_project(lane), left))

    def _expanded(self, release: Release, left: float) -> Iterator[str]:
        if self.state.serving:
            running = {"expand": self.state.serving.heads.expand}
            yield from self._tasks([self.tasks.check], release, left, values=running)
        yield from self._tasks(self.tasks.expand, release, left)

    def _pruned(self, versions: Sequence[str]) -> Iterator[str]:
        kept = [each for version, each in self.manifests.items() if version not in versions]
        kept += [tenant.release for tenant in self.state.lanes.values()]
        needed = {image for each in kept for image in each.images.values()}
        gone = [self.manifests[version] for version in versions if version in self.manifests]
        images = {image for each in gone for image in each.images.values()}
        yield from (f"docker image rm {image}" for image in sorted(images - needed))
        for version in versions:
            yield f"rm -rf {shlex.quote(self._file('releases', version))}"

    def _known(self, release: Release, tasks: Sequence[str]) -> Sequence[str]:
        file = self.lane_files.get(release.version)
        return tasks if file is None else known(tasks, file)[0]

    def _tasks(
        self,
        tasks: Sequence[str | None],
        release: Release,
        left: float,
        lane: Lane | None = None,
        values: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        for task in tasks:
            if task is not None:
                where = lane or Lane.BLUE
                yield str(self.lines.task(release, task, left, lane=where, values=values))

    def _installed(self, home: str) -> Iterator[str]:
        yield from (f"(write {self._file(home, name)})" for name in (".env", COMPOSE_FILE))

    def _settled(self) -> Iterator[str]:
        yield self._logged()
        yield f"docker top {self._container('nginx')} (until no worker of before is there)"

    def _logged(self) -> str:
        return f"docker logs --timestamps --since (the switch) {self._container('nginx')}"

    def _in_nginx(self, *command: str) -> str:
        return shlex.join(["docker", "exec", self._container("nginx"), *command])

    def _container(self, service: str) -> str:
        return f"{self.lines.servers_project}-{service}-1"

    def _file(self, *names: str) -> str:
        return "/".join([self.lines.folder, *names])

    def _in_lane(self, lane: Lane, service: str) -> str:
        return f"{self.lines.lane_project(lane)}-{service}-1"


_IF_IT_HAS_THEM = frozenset({Action.TOPICS, Action.PUBLISH})
"""What a release of before may have fewer tasks for, as the engine runs them."""

_OF_A_RELEASE: Mapping[Action, Callable[[Rehearsal, Release, float], Iterator[str]]] = {
    Action.RECORD: Rehearsal._recorded,
    Action.PULL: Rehearsal._pulled,
    Action.SERVERS: Rehearsal._served,
    Action.EXPAND: Rehearsal._expanded,
}
_OF_A_LANE: Mapping[Action, Callable[[Rehearsal, Lane, float], Iterator[str]]] = {
    Action.CLEAR: Rehearsal._cleared,
    Action.START: Rehearsal._started,
    Action.SWITCH: Rehearsal._switched,
    Action.WATCH: Rehearsal._watched,
    Action.DRAIN_HTTP: Rehearsal._requests_ended,
    Action.DRAIN_STREAMS: Rehearsal._streams_ended,
    Action.DRAIN_CALLS: Rehearsal._calls_ended,
    Action.STOP: Rehearsal._stopped,
}
