"""What the deployer needs of the world: what speaks SSH, Docker and nginx stands behind these.

Every method ends within its timeout, and raises `TemporaryError` for what may work a moment later,
`PortError` for what will not. Repeating one is safe, whatever an earlier try has done of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bluegreen.lane import Lane
from bluegreen.release import Heads, Release
from bluegreen.watch import Traffic


@dataclass(frozen=True)
class Condition:
    """What is in a lane.

    Attributes:
        images: The image that each running or stopped service was made from.
        healthy: The services that run and say that they are well.
        running: The services that run.
    """

    images: Mapping[str, str] = field(default_factory=dict)
    healthy: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()

    def serves(self, release: Release, tools: Collection[str]) -> bool:
        """Whether each of the release's services runs its image, and is well.

        Args:
            release: Which has the services that it was built with, whatever others have.
            tools: Its images that no lane runs.
        """
        wanted = {name: image for name, image in release.images.items() if name not in tools}
        return self.healthy >= wanted.keys() and self.images == wanted


@dataclass(frozen=True)
class Report:
    """What the containers of a lane say of themselves, for people.

    Attributes:
        text: Their states, last probes and tails of logs: of those that are ill, or of all.
        ill: What is wrong with each that is ill, a line each.
    """

    text: str
    ill: Sequence[str] = ()

    def added_to(self, message: str) -> str:
        """A message, and what is wrong with containers behind it."""
        return ": ".join([message, "; ".join(self.ill)]) if self.ill else message


@dataclass(frozen=True)
class Facts:
    """What a look at the server shows, before anything is touched.

    Attributes:
        now: Its clock.
        free_bytes: Room on the disk of the engine.
        engine: The version of its Docker engine.
    """

    now: datetime
    free_bytes: int
    engine: str


class Server(Protocol):
    """Files and the clock of one server. Paths are below the deployer's own folder there."""

    def within(self, seconds: float) -> "Server":
        """The same, to be used no longer than so many seconds from now on.

        What would take longer raises `PortError`, as all does that is asked later.
        """

    def now(self) -> datetime:
        """The time by the server's clock, in UTC."""

    def read(self, path: str) -> str | None:
        """The content of a file; None if there is none."""

    def write(self, path: str, content: str) -> None:
        """Replace a file at once, whole and for good; its folder is made."""

    def write_while(self, path: str, content: str, file: str, word: str) -> bool:
        """Replace a file as `write` does if another one, which `swap` changes, has a word, at once.

        Returns:
            Whether it was.
        """

    def swap(self, path: str, before: str | None, after: str | None) -> bool:
        """Replace a file if its content is `before`, at once; None is for no file.

        Returns:
            Whether it was.
        """

    def append(self, path: str, line: str) -> None:
        """Add a line to the end of a file; a last one that a crash cut short is ended first.

        A file that has grown too long is set aside first, in place of what was so before; where
        that is, `tail` knows.
        """

    def tail(self, path: str, lines: int | None) -> str:
        """The last lines of a file that lines are added to; all that is left of it for None."""

    def names(self, folder: str) -> Sequence[str]:
        """The names in a folder, sorted; none if there is no such folder."""

    def remove(self, path: str) -> None:
        """Remove a file or a folder, if it is there."""


class Engine(Protocol):
    """Docker on that server, and what runs in it."""

    def facts(self, timeout: float) -> Facts:
        """Look around; changes nothing."""

    def ask_registry(self, release: Release, timeout: float) -> None:
        """See that the registry lets this server in, if an image of a release is not there.

        Raises:
            PortError: the registry refuses the login.
            TemporaryError: the server does not reach it.
        """

    def has_images(self, release: Release, timeout: float) -> bool:
        """Whether all images of a release are there."""

    def pull(self, release: Release, timeout: float) -> None:
        """Bring the images of a release."""

    def servers_are_healthy(self, timeout: float) -> bool:
        """Whether kafka, postgres and nginx are up."""

    def start_servers(self, release: Release, timeout: float) -> None:
        """Have kafka, postgres and nginx up; what runs already is left as it is."""

    def heads(self, release: Release, timeout: float) -> Heads:
        """Where the schema stands, asked by the program of a release that is on the server."""

    def expand(self, release: Release, running: Heads | None, timeout: float) -> None:
        """Expand the schema from the release's image.

        Args:
            release: Whose revisions.
            running: What the release that serves knows of the schema; None if none does.
            timeout: Seconds that it may take.

        Raises:
            PortError: a revision failed, or would break what runs.
        """

    def contract(self, release: Release, timeout: float) -> None:
        """Contract the schema from the release's image."""

    def tell_secrets(self, release: Release, timeout: float) -> None:
        """Have servers take over the secrets that are there, by the tasks of a release."""

    def condition(self, lane: Lane, timeout: float) -> Condition:
        """What is in a lane."""

    def report(self, lane: Lane) -> Report:
        """What the containers of a lane say of themselves; it says so where they cannot be asked.

        One that was killed for lack of memory is ill, though it was started again and is well now.
        """

    def clear(self, lane: Lane, timeout: float) -> None:
        """Remove the containers of a lane."""

    def prepare(self, lane: Lane, release: Release, timeout: float, *, again: bool) -> None:
        """Create and empty the lane's topics, and let the release's applications reach them.

        Args:
            lane: Which; nothing of it runs.
            release: Which is to start there.
            timeout: Seconds that it may take.
            again: Whether that was done for this release, and nothing else was there since.
        """

    def start(self, lane: Lane, release: Release, timeout: float) -> None:
        """Start a release in a lane, and wait until all of it is healthy.

        Raises:
            PortError: it is not; the detail has the last probe, states and tails of logs.
        """

    def publish(self, release: Release, timeout: float) -> None:
        """Add the release's static files; those of others stay."""

    def prove(self, lane: Lane, release: Release, timeout: float) -> None:
        """Drive the release's own scenario through a lane that has no traffic.

        Raises:
            PortError: it failed; the detail has what was asked and answered.
        """

    def end_requests(self, lane: Lane, timeout: float) -> bool:
        """Wait for requests that a lane has under way; whether none is left."""

    def end_streams(self, lane: Lane, timeout: float) -> bool:
        """Tell streams to reconnect, and wait for it; whether none is left."""

    def end_calls(self, lane: Lane, timeout: float) -> bool:
        """Have consumers take no more calls, and wait for those that run; whether none is left."""

    def stop(self, lane: Lane, timeout: float) -> None:
        """Stop the containers of a lane; they stay."""

    def remove_images(self, images: Sequence[str], timeout: float) -> None:
        """Remove images; those that containers have are left."""


class WhatServes(Protocol):
    """The lane that serves, beside what its release would be started with now."""

    def ill(self, lane: Lane, release: Release, timeout: float) -> Sequence[str]:
        """Why a lane that has a release is not well, for people; nothing if it is."""

    def changes(self, lane: Lane, release: Release, timeout: float) -> Sequence[str]:
        """What a lane that has a release would be told otherwise now; nothing if all is as then."""

    def newer_secrets(self, lane: Lane, timeout: float) -> Sequence[str]:
        """The secrets of a lane that changed since the first of its containers started, sorted."""


class Balancer(Protocol):
    """nginx on that server."""

    def live(self, timeout: float) -> Lane | None:
        """The lane that new requests go to; None if nginx does not answer."""

    def route(self, lane: Lane, timeout: float) -> None:
        """Send new requests to a lane, and see that it is so; on failure all is as before.

        The lane before stands in for it from now on: it answers what the lane fails to answer.
        """

    def stand_down(self, lane: Lane, timeout: float) -> None:
        """End that a lane stands in for the other one, if it does."""

    def settle(self, since: datetime | None, timeout: float) -> bool:
        """Wait until no connection from before a switch brings requests to the lane before.

        Args:
            since: When that was, or later, by the server's clock; None if it is not known.
            timeout: Seconds that it may take.

        Returns:
            Whether none is left, but for streams.
        """

    def traffic(self, lane: Lane, since: datetime, timeout: float) -> tuple[Traffic, Traffic]:
        """How a lane answered since it got the traffic, and how the other one did until then."""


class Clock(Protocol):
    """Time on this machine."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True)
class Outcome:
    """How an operation ended.

    Attributes:
        destination: Where.
        operation: What was asked for, such as `deploy`.
        version: The release; empty if there is none.
        changed: Services whose images are other ones than before.
        owner: Who asked.
        seconds: How long it took.
        failure: Why it failed; None if it did not.
        serves: What has the traffic since; empty if it failed.
        commits: From which commit to which; None if it is the same one, or there was none before.
        subjects: The newest of those that came, a line each, as far as they are known here.
    """

    destination: str
    operation: str
    version: str
    changed: Sequence[str]
    owner: str
    seconds: float
    failure: str | None
    serves: str = ""
    commits: tuple[str, str] | None = None
    subjects: Sequence[str] = ()


class Notifier(Protocol):
    """Tells people."""

    def notify(self, outcome: Outcome) -> None:
        """Tell of an end, good or bad.

        Raises:
            PortError: nobody could be told.
        """
