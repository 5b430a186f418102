"""nginx on a server, by the programs in its container; see `bluegreen.ports.Balancer`."""

# ruff: noqa: D102 - the port says what each method takes and does.

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import docker
from docker.models.containers import Container

from bluegreen.deadline import Deadline
from bluegreen.engine.client import Asked
from bluegreen.engine.containers import executed, found
from bluegreen.errors import PortError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.nginx import access_log
from bluegreen.nginx.access_log import Answer
from bluegreen.ports import Clock
from bluegreen.watch import Traffic

ASK = "/opt/tandem/nginx/ask.sh"
RELOAD = "/opt/tandem/nginx/reload.sh"
STAND_DOWN = "/opt/tandem/nginx/stand-down.sh"
_OLD_WORKER = "worker process is shutting down"

_KEPT_SECONDS = 16.0
"""A little more than nginx's keepalive_min_timeout: so long after its last answer may a connection
from before a switch bring a request to the lane before."""

_LATE = timedelta(seconds=1)
"""How much later than it was written a line of the log may have its time."""

_BEFORE = timedelta(minutes=2)
"""How much of the time before a switch the old lane is judged by."""

_MOST_LINES = 20_000
_LOOK_SECONDS = 20.0
_POLL_SECONDS = 0.5


class ServerBalancer:
    """nginx of one server.

    Args:
        docker: The engine's API.
        project: The Compose project that nginx is in.
        clock: Time here.
        now: Gives the time by the server's clock.
    """

    def __init__(
        self, docker: Asked, project: str, clock: Clock, now: Callable[[], datetime]
    ) -> None:
        self._docker = docker
        self._project = project
        self._clock = clock
        self._now = now
        self._switched: datetime | None = None
        self._read: list[Answer] = []

    def live(self, timeout: float) -> Lane | None:
        said = self._run([ASK, "/nginx/configuration"], timeout)
        if said is None:
            return None
        try:
            return Lane(said.splitlines()[-1].split()[0])
        except (IndexError, ValueError):
            return None

    def route(self, lane: Lane, timeout: float) -> None:
        end = Deadline.after(self._clock, timeout)
        before = self.live(end.look())
        self._demand([RELOAD, lane], end.left())
        self._switched = self._now()
        # By the way that requests take, once that is the new one.
        answered = self._run([ASK, "/nginx/live"], end.look()) or ""
        if not _is_of(answered, lane):
            if before is not None:  # which has to be, however little is left
                self._demand([RELOAD, before], max(_LOOK_SECONDS, end.left()))
            raise PortError(f"through nginx {lane} does not answer; {before} is live", answered)

    def stand_down(self, lane: Lane, timeout: float) -> None:
        self._demand([STAND_DOWN, lane], timeout)

    def settle(self, since: datetime | None, timeout: float) -> bool:
        end = Deadline.after(self._clock, timeout)
        return end.by_then(lambda: self._has_settled(self._switched or since, end))

    def _has_settled(self, switched: datetime | None, end: Deadline) -> bool:
        kept = Deadline.after(self._clock, self._kept_for(switched, end))
        while self._has_old_workers(end):
            if not kept.left() or end.is_near():
                return False
            self._clock.sleep(_POLL_SECONDS)
        return True

    def traffic(self, lane: Lane, since: datetime, timeout: float) -> tuple[Traffic, Traffic]:
        self._read_on(since - _BEFORE, timeout)
        new = [each for each in self._read if each.lane is lane and each.at >= since]
        old = [each for each in self._read if each.lane is lane.other and each.at < since]
        return access_log.traffic(new), access_log.traffic(old)

    def _kept_for(self, switched: datetime | None, end: Deadline) -> float:
        """Seconds that connections from before a switch may still be kept.

        An answer that begins after it ends its connection, so what counts is when those ended that
        had begun before.
        """
        if switched is None:
            return _KEPT_SECONDS
        lines = self._logged(switched, end.look())
        if len(lines) == _MOST_LINES:  # the first ones may be missing
            return _KEPT_SECONDS
        last = access_log.last_begun_before(switched + _LATE, lines)
        return max(0.0, _KEPT_SECONDS - (self._now() - last).total_seconds())

    def _read_on(self, since: datetime, timeout: float) -> None:
        latest = self._read[-1].at if self._read else since
        lines = self._logged(latest, timeout)
        self._read.extend(each for each in access_log.answers(lines) if each.at > latest)

    def _logged(self, since: datetime, timeout: float) -> Sequence[str]:
        """The last lines that nginx has logged since then."""
        with self._docker.asked(timeout) as client:
            written = self._nginx(client).logs(
                stderr=False, timestamps=True, since=since.timestamp(), tail=_MOST_LINES
            )
        return written.decode(errors="replace").splitlines()

    def _has_old_workers(self, end: Deadline) -> bool:
        with self._docker.asked(end.look()) as client:
            processes = self._nginx(client).top()
        return any(_OLD_WORKER in " ".join(each) for each in processes["Processes"] or ())

    def _demand(self, command: Sequence[str], timeout: float) -> None:
        code, wrote = self._executed(command, timeout)
        if code != 0:
            raise PortError(f"nginx did not do `{' '.join(command)}`", wrote)

    def _run(self, command: Sequence[str], timeout: float) -> str | None:
        """What a program printed; None if it did not end well, or nginx does not run."""
        try:
            code, wrote = self._executed(command, timeout)
        except _NotThereError:
            return None
        return wrote if code == 0 else None

    def _executed(self, command: Sequence[str], timeout: float) -> tuple[int, str]:
        with self._docker.asked(timeout) as client:
            return executed(self._nginx(client), command)

    def _nginx(self, client: docker.DockerClient) -> Container:
        running = found(client, self._project, "nginx")
        if not running:
            raise _NotThereError("nginx does not run on the server")
        return running[0]


class _NotThereError(TemporaryError):
    pass


def _is_of(answered: str, lane: Lane) -> bool:
    try:
        said = json.loads(answered.splitlines()[-1])
    except (IndexError, ValueError):
        return False
    return isinstance(said, dict) and said.get("lane") == lane and said.get("status") == "ok"
