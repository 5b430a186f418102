"""The deployer's files on a server: the state, manifests of releases, the log of what was done."""

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from bluegreen.bundle import MANIFEST, Bundle
from bluegreen.documents import Document
from bluegreen.errors import DocumentError, LockLostError
from bluegreen.lock import FILE as LOCK
from bluegreen.ports import Server
from bluegreen.release import Release
from bluegreen.state import State
from bluegreen.step import Action

STATE = "state.json"
RELEASES = "releases"
AUDIT = "audit.jsonl"


class Event(StrEnum):
    """What became of a step."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    RETRIED = "retried"
    FAILED = "failed"


class Record(Document):
    """A line of the log.

    Attributes:
        at: When, by the server's clock.
        run: Names the run of the deployer.
        owner: Who ran it.
        step: What was done.
        event: What became of it.
        seconds: How long it took; 0 when it starts.
        detail: Why it failed; what a step found out.
        version: The release that it was done with; empty if with none.
    """

    at: AwareDatetime
    run: str
    owner: str
    step: str
    event: Event
    seconds: float = 0.0
    detail: str = ""
    version: str = ""


class Store:
    """Reads and writes them."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def within(self, seconds: float) -> "Store":
        """The same, to be used no longer than so many seconds from now on."""
        return Store(self._server.within(seconds))

    def now(self) -> datetime:
        """The time by the server's clock."""
        return self._server.now()

    def load(self) -> State:
        """The state; an empty one where nobody has deployed.

        Raises:
            DocumentError: the file is not understood.
        """
        content = self._server.read(STATE)
        return State() if content is None else State.parse(content, STATE)

    def save(self, state: State, token: str) -> None:
        """Write the state, at once and whole.

        Args:
            state: What to remember.
            token: Names the holding of the lock by whose holder it is written.

        Raises:
            LockLostError: the lock is not held so any more; nothing was written.
        """
        if not self._server.write_while(STATE, state.render(), LOCK, json.dumps(token)):
            raise LockLostError

    def keep(self, bundle: Bundle) -> None:
        """Write a release with its files; the manifest comes last, and says that all is there."""
        folder = _folder(bundle.release.version)
        for name, content in bundle.files.items():
            self._server.write(f"{folder}/{name}", content)
        self._server.write(_manifest(bundle.release.version), bundle.release.render())

    def release(self, version: str) -> Release | None:
        """The manifest of a version; None if there is none.

        Raises:
            DocumentError: the file is not understood.
        """
        content = self._server.read(_manifest(version))
        return None if content is None else Release.parse(content, _manifest(version))

    def versions(self) -> Sequence[str]:
        """The versions that were delivered, oldest first; one of them may have no manifest."""
        return self._server.names(RELEASES)

    def forget(self, version: str) -> None:
        """Remove a release and its files."""
        self._server.remove(_folder(version))

    def note(self, record: Record) -> None:
        """Add a line to the log."""
        self._server.append(AUDIT, json.dumps(record.model_dump(mode="json")))

    def served(self) -> frozenset[str]:
        """The versions that have had the traffic, as far as the log goes back."""
        return frozenset(
            record.version
            for record in self.records()
            if record.step.startswith(f"{Action.SWITCH} ")
            and record.event in {Event.SUCCEEDED, Event.SKIPPED}
        )

    def records(self, most: int | None = None) -> Sequence[Record]:
        """The log, oldest first; a line that a crash cut short is left out.

        Args:
            most: Of how many of its last lines; of all that are left by default.
        """
        whole, _, _cut = self._server.tail(AUDIT, most).rpartition("\n")
        records = []
        for line in whole.splitlines():
            try:
                records.append(Record.parse(line, AUDIT))
            except DocumentError:
                continue
        return records


def _folder(version: str) -> str:
    return f"{RELEASES}/{version}"


def _manifest(version: str) -> str:
    return f"{_folder(version)}/{MANIFEST}"
