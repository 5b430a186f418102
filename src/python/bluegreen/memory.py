"""The ports of a server in memory; see `bluegreen.testing`. Each touches the world at points."""

# ruff: noqa: ARG002, D102 - the ports say what each method takes and does.

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from bluegreen.errors import PortError, TemporaryError
from bluegreen.lane import Lane
from bluegreen.ports import Condition, Facts, Outcome, Report
from bluegreen.release import Heads, Release
from bluegreen.watch import Traffic

if TYPE_CHECKING:
    from bluegreen.testing import World

SERVICES = ("account", "database")
TOOLS = ("kafka-tools",)
_MOST_SECONDS = 15.0
"""How long something with a file takes at the most."""

_KILLED = {"is killed", "is killed, and back"}


@dataclass
class Tenancy:
    """What is in a lane."""

    release: Release
    running: bool = True
    healthy: bool = True
    takes_calls: bool = True


def _check_time(name: str, timeout: float) -> None:
    """See that there is some, without which the real ones do nothing either."""
    if timeout <= 0:
        raise TemporaryError(f"{name} was not done within {timeout:g} s")


class Port:
    """Touches a world before and after each effect."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def _before(self, name: str, timeout: float = math.inf) -> None:
        _check_time(name, timeout)
        self._world.seconds += 0.1
        self._world.point(f"before {name}")
        self._world.fault(name)

    def _after(self, name: str) -> None:
        self._world.point(f"after {name}")


class MemoryClock:
    """Time that passes when somebody waits."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def monotonic(self) -> float:
        return self._world.seconds

    def sleep(self, seconds: float) -> None:
        self._world.seconds += seconds


class Files(Port):
    """The files of the server."""

    _end = math.inf

    def within(self, seconds: float) -> Self:
        limited = copy.copy(self)
        limited._end = min(self._end, self._world.seconds + seconds)
        return limited

    def _before(self, name: str, timeout: float = math.inf) -> None:
        self._take(min(self._world.slow, _MOST_SECONDS), name)
        super()._before(name, timeout)

    def _take(self, seconds: float, name: str) -> None:
        """Take the time that it takes, as far as there is any."""
        left = self._end - self._world.seconds
        self._world.seconds += max(0.0, min(left, seconds))
        if left < seconds or left <= 0:
            raise PortError(f"no time is left to {name}")

    def now(self) -> datetime:
        self._world.live_or_die("now")
        self._world.fault("now")
        return self._world.now

    def read(self, path: str) -> str | None:
        self._world.live_or_die("read")
        self._world.fault("read")
        if path in self._world.hangs:
            self._take(_MOST_SECONDS, "read")
            raise TemporaryError(f"reading took longer than {_MOST_SECONDS:g} s")
        return self._world.files.get(path)

    def write(self, path: str, content: str) -> None:
        self._before("write")
        self._world.files[path] = content
        self._after("write")

    def write_while(self, path: str, content: str, file: str, word: str) -> bool:
        self._before("write")
        holds = word in self._world.files.get(file, "")
        if holds:
            self._world.files[path] = content
        self._after("write")
        return holds

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        self._world.live_or_die("swap")
        if self._world.files.get(path) != before:
            return False
        if after is None:
            self._world.files.pop(path, None)
        else:  # at once: a heart beats on a thread of its own
            self._world.files[path] = after
        return True

    def append(self, path: str, line: str) -> None:
        self._world.live_or_die("append")
        self._world.reach("append")
        self._world.fault("append")
        content = self._world.files.get(path, "")
        cut = "\n" if content and not content.endswith("\n") else ""
        self._world.files[path] = f"{content}{cut}{line}\n"

    def tail(self, path: str, lines: int | None) -> str:
        kept = self._world.files.get(path, "").splitlines(keepends=True)
        return "".join(kept if lines is None else kept[-lines:])

    def names(self, folder: str) -> Sequence[str]:
        here = f"{folder}/"
        inside = (p.removeprefix(here) for p in self._world.files if p.startswith(here))
        return sorted({path.partition("/")[0] for path in inside})

    def remove(self, path: str) -> None:
        self._before("remove")
        for file in [each for each in self._world.files if f"{each}/".startswith(f"{path}/")]:
            del self._world.files[file]
        self._after("remove")


class People(Port):
    """Who is told."""

    def notify(self, outcome: Outcome) -> None:
        self._before("notify")
        self._world.heard.append(outcome)


class MemoryEngine(Port):
    """What would be Docker."""

    def facts(self, timeout: float) -> Facts:
        self._before("facts", timeout)
        return Facts(self._world.now, self._world.free_bytes, self._world.engine)

    def ask_registry(self, release: Release, timeout: float) -> None:
        if not self.has_images(release, timeout):
            self._before("ask_registry", timeout)

    def reach_registry(self, repository: str, timeout: float) -> None:
        self._before("reach_registry", timeout)

    def has_images(self, release: Release, timeout: float) -> bool:
        _check_time("has_images", timeout)
        return self._world.images.issuperset(release.images.values())

    def pull(self, release: Release, timeout: float) -> None:
        self._before("pull", timeout)
        for image in release.images.values():
            self._world.images.add(image)
            self._after("pull")

    def servers_are_healthy(self, timeout: float) -> bool:
        _check_time("servers_are_healthy", timeout)
        return self._world.heads is not None

    def start_servers(self, release: Release, timeout: float) -> None:
        self._before("start_servers", timeout)
        self._world.heads = self._world.heads or Heads()
        self._after("start_servers")

    def heads(self, release: Release, timeout: float) -> Heads:
        _check_time("heads", timeout)
        return self._world.heads or Heads()

    def expand(self, release: Release, running: Heads | None, timeout: float) -> None:
        self._before("expand", timeout)
        self._migrate(Heads(expand=release.heads.expand))
        self._after("expand")

    def contract(self, release: Release, timeout: float) -> None:
        self._before("contract", timeout)
        self._migrate(release.heads)
        self._after("contract")

    def condition(self, lane: Lane, timeout: float) -> Condition:
        _check_time("condition", timeout)
        self._world.fault("condition")
        there = self._world.lanes.get(lane)
        if there is None:
            return Condition()
        images = {n: image for n, image in there.release.images.items() if n not in TOOLS}
        running = frozenset(images) if there.running else frozenset()
        killed = self._world.bad.get(there.release.version) == "is killed"
        well = there.running and there.healthy and there.takes_calls
        well = well and not (killed and lane is self._world.routed)
        return Condition(images, frozenset(images) if well else frozenset(), running)

    def report(self, lane: Lane) -> Report:
        there = self._world.lanes.get(lane)
        killed = there and self._world.bad.get(there.release.version) in _KILLED
        ill = ["account is running, killed for lack of memory"] if killed else []
        return Report(f"what the containers of {lane} say", ill)

    def clear(self, lane: Lane, timeout: float) -> None:
        self._before("clear", timeout)
        if lane in self._world.lanes:
            self._leave(lane)
            self._world.lanes[lane].running = False
            self._world.dirty.add(lane)
            self._after("clear")
            del self._world.lanes[lane]
        self._after("clear")

    def prepare(self, lane: Lane, release: Release, timeout: float, *, again: bool) -> None:
        self._before("prepare", timeout)
        if lane in self._world.lanes and self._world.lanes[lane].running:
            self._world.broken_promises.append(f"topics of {lane} were emptied while it ran")
        self._world.dirty.discard(lane)
        self._after("prepare")

    def start(self, lane: Lane, release: Release, timeout: float) -> None:
        self._before("start", timeout)
        if not self._world.images.issuperset(release.images.values()):
            raise PortError("an image is not there")
        there = self._world.lanes.get(lane)
        if lane in self._world.dirty and not (there and there.running):
            self._world.broken_promises.append(f"{lane} may serve requests of its former life")
        if there is None or there.release != release:
            self._leave(lane)
            self._world.made.append(lane)
        self._world.lanes[lane] = Tenancy(release, healthy=False)
        self._after("start")
        if self._world.bad.get(release.version) in {"does not start", "is ill"}:
            self._world.seconds += timeout
            raise PortError("account is not healthy", "account: exited 1, password hunter2")
        self._world.lanes[lane].healthy = True
        self._after("start")

    def publish(self, release: Release, timeout: float) -> None:
        self._before("publish", timeout)

    def prove(self, lane: Lane, release: Release, timeout: float) -> None:
        self._before("prove", timeout)
        if self._world.bad.get(release.version) == "answers 500":
            raise PortError("GET / answered 500")
        if self._world.bad.get(release.version) == "falls ill when proven":
            self._world.lanes[lane].healthy = False

    def end_requests(self, lane: Lane, timeout: float) -> bool:
        self._before("end_requests")
        return True

    def end_streams(self, lane: Lane, timeout: float) -> bool:
        self._before("end_streams")
        self._world.kept = True
        return True

    def end_calls(self, lane: Lane, timeout: float) -> bool:
        self._before("end_calls", timeout)
        if self._world.kept:
            self._world.broken_promises.append(f"requests may still come to {lane} as it stops")
        if lane in self._world.lanes:
            self._leave(lane)
            self._world.lanes[lane].takes_calls = False
        self._after("end_calls")
        return True

    def stop(self, lane: Lane, timeout: float) -> None:
        self._before("stop", timeout)
        if lane in self._world.lanes:
            self._leave(lane)
            self._world.lanes[lane].running = False
            self._world.dirty.add(lane)
        self._after("stop")

    def remove_images(self, images: Sequence[str], timeout: float) -> None:
        self._before("remove_images", timeout)
        self._world.images.difference_update(images)
        self._after("remove_images")

    def logs(self, lane: Lane, services: Sequence[str], lines: int, timeout: float) -> str:
        _check_time("logs", timeout)
        names = services or SERVICES
        return "".join(f"{each}-1  | 2026-01-01T00:00:00Z it serves {lane}\n" for each in names)

    def tell_secrets(self, release: Release, timeout: float) -> None:
        self._before("tell_secrets", timeout)
        self._world.taken.append(release.version)
        self._after("tell_secrets")

    def _leave(self, lane: Lane) -> None:
        if lane is self._world.standby:
            self._world.broken_promises.append(f"{lane} stands in and is changed")

    def _migrate(self, to: Heads) -> None:
        self._world.heads = (self._world.heads or Heads()).joined(to)


class Serving(Port):
    """What would look at a lane."""

    def ill(self, lane: Lane, release: Release, timeout: float) -> list[str]:
        there = self._world.lanes.get(lane)
        well = there is not None and there.running and there.healthy
        return [] if well else [f"{lane} is not healthy: account"]

    def changes(self, lane: Lane, release: Release, timeout: float) -> list[str]:
        return list(self._world.changed)

    def newer_secrets(self, lane: Lane, timeout: float) -> list[str]:
        return list(self._world.newer)


class Nginx(Port):
    """What would be nginx."""

    def live(self, timeout: float) -> Lane | None:
        _check_time("live", timeout)
        return self._world.routed

    def route(self, lane: Lane, timeout: float) -> None:
        self._before("route", timeout)
        before = self._world.routed
        self._send(lane)
        self._after("route")
        if not self._world.answers(lane):
            self._send(before)
            raise PortError(f"through nginx {lane} does not answer; {before} is live")

    def _send(self, lane: Lane) -> None:
        if lane is not self._world.routed:
            self._world.standby = self._world.routed
        self._world.routed = lane
        self._world.kept = True

    def stand_down(self, lane: Lane, timeout: float) -> None:
        self._before("stand_down", timeout)
        if lane is self._world.standby:
            self._world.standby = None
        self._after("stand_down")

    def settle(self, since: datetime | None, timeout: float) -> bool:
        self._before("settle")
        self._world.kept = False
        return True

    def traffic(self, lane: Lane, since: datetime, timeout: float) -> tuple[Traffic, Traffic]:
        _check_time("traffic", timeout)
        self._world.point("traffic")
        self._world.fault("traffic")
        return self._of(lane), self._of(lane.other)

    def _of(self, lane: Lane) -> Traffic:
        there = self._world.lanes.get(lane)
        ill = there and self._world.bad.get(there.release.version)
        failures = 50 if ill in {"fails with traffic", "is killed, and back"} else 0
        return Traffic(1000, failures, 3.0 if ill == "is slow" else 0.1)
