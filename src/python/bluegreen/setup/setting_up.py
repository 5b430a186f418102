"""Brings a bare server to where a release can be delivered to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bluegreen.errors import BlueGreenError, PortError, StepError, why
from bluegreen.journal import Journal
from bluegreen.lock import Held, Lock
from bluegreen.ports import Clock
from bluegreen.setup import gathering, host
from bluegreen.setup.findings import Finding, Verdict, problems
from bluegreen.setup.gathering import Compared, Complete, Gathered, SecretFolder
from bluegreen.setup.host import Host
from bluegreen.store import Event

PURPOSE = "setup"

_FOLDER = "folder"
_STEP = "secrets"
_AGAIN = "some are there; run the same command again, which puts the others there"

type _Did = Mapping[str, Sequence[str]]


class Place(Protocol):
    """A server before anything is on it."""

    def look(self) -> Host:
        """What there is."""

    def make_folder(self) -> None:
        """Make the deployer's folder and that of secrets, for this user alone."""


@dataclass(frozen=True)
class Wanted:
    """What a server is to have.

    Attributes:
        given: The secrets of the settings.
        needed: The names of those that the Compose files want.
        once: Gives the names of those that it was delivered to with.
        complete: Makes what is missing; None if nothing does.
        how: How that is done, for people.
    """

    given: Mapping[str, str] = field(repr=False)
    needed: frozenset[str]
    once: Callable[[], frozenset[str]]
    complete: Complete | None
    how: str


class Setup:
    """Sets one server up.

    Args:
        place: The server.
        folder: Its secrets.
        lock: Of it.
        journal: Where what was changed is written down.
        clock: Time here.
        tell: Is told what was found, and what was done.
    """

    def __init__(
        self,
        *,
        place: Place,
        folder: SecretFolder,
        lock: Lock,
        journal: Journal,
        clock: Clock,
        tell: Callable[[Finding], None],
    ) -> None:
        self._place = place
        self._folder = folder
        self._lock = lock
        self._journal = journal
        self._clock = clock
        self._tell = tell

    def look(self, wanted: Wanted) -> None:
        """Tell what would be done; changes nothing.

        Raises:
            PortError: the server lacks something that only its owner can give it.
            RefusedError: as `do`.
            SettingsError: as `do`.
        """
        there = self._ready()
        where = host.folder(there)
        if where.verdict is not Verdict.OK:
            self._say(_FOLDER, f"would be made: {where.said}")
        compared = gathering.compare(self._folder, wanted.given, wanted.needed, wanted.once())
        gathering.check(compared, can_make=wanted.complete is not None)
        planned = {
            "would be put there": compared.added,
            "would be changed": compared.replaced,
            f"would be made by {wanted.how}": compared.missing,
        }
        self._say_secrets(planned, compared)
        for line in _lines(there, compared, wanted.how):
            self._say("would run", line)

    def do(self, wanted: Wanted) -> None:
        """Make the server ready; what is as it should be stays as it is.

        Raises:
            PortError: the server lacks something that only its owner can give it, or does not do
                what it is asked.
            RefusedError: secrets were lost, or do not fit each other; none was changed.
            SettingsError: secrets are missing, and nothing makes them; none was changed.
            LockedError: somebody deploys.
            StepError: it was interrupted as it put secrets there.
        """
        there = self._ready()
        if host.folder(there).verdict is not Verdict.OK:
            with self._journal.stage(_FOLDER):
                self._place.make_folder()
            self._say(_FOLDER, f"made {there.folder}")
        with self._lock.held(PURPOSE) as held:
            compared = gathering.compare(self._folder, wanted.given, wanted.needed, wanted.once())
            gathering.check(compared, can_make=wanted.complete is not None)
            if compared.missing:
                self._say(_STEP, f"{len(compared.missing)} are missing: {wanted.how}")
            gathered = gathering.gather(compared, self._folder, wanted.given, wanted.complete)
            if gathered.contents:
                self._put(gathered, _did(gathered, compared), held)
            self._say_secrets(_did(gathered, compared), compared)

    def _ready(self) -> Host:
        """Tell what the server has that only its owner can give it."""
        there = self._place.look()
        found = host.judged(there)
        where = host.folder(there)
        if where.verdict is Verdict.OK or not host.can_be_made(there):
            found.append(where)
        for each in found:
            self._tell(each)
        if wrong := problems(found):
            names = ", ".join(each.name for each in wrong)
            raise PortError(f"the server is not ready: {names}; nothing was touched")
        return there

    def _put(self, gathered: Gathered, did: _Did, held: Held) -> None:
        began = self._clock.monotonic()
        self._journal.note(_STEP, Event.STARTED, began)
        try:
            for name, content in sorted(gathered.contents.items()):
                held.check()
                self._folder.write(name, content)
        except BlueGreenError as error:
            self._journal.note(_STEP, Event.FAILED, began, why(error))
            raise
        except KeyboardInterrupt as error:
            reason = why(error)
            self._journal.note(_STEP, Event.FAILED, began, reason)
            raise StepError(_STEP, reason, went_back=False, advice=_AGAIN) from error
        said = "; ".join(f"{what}: {_list(names)}" for what, names in did.items() if names)
        self._journal.note(_STEP, Event.SUCCEEDED, began, said)

    def _say_secrets(self, did: _Did, compared: Compared) -> None:
        for what, names in did.items():
            if names:
                self._say(_STEP, f"{what}: {_list(names)}")
        if not any(did.values()):
            self._say(_STEP, f"all {len(compared.there)} are there, and as the settings say")

    def _say(self, name: str, said: str) -> None:
        self._tell(Finding(name, Verdict.OK, said))


def _lines(there: Host, compared: Compared, how: str) -> Iterator[str]:
    """What `do` runs, in order; what is in parentheses has no command of its own."""
    secrets = f"{there.folder}/secrets"
    if host.folder(there).verdict is not Verdict.OK:
        yield f"mkdir -p {secrets}; chmod 0700 {there.folder} {secrets}"
    if compared.missing:
        yield f"here: {how}"
    for name in sorted({*compared.added, *compared.replaced, *compared.missing}):
        yield f"(write {secrets}/{name})"
    if compared.missing and compared.replaced:
        yield f"(write each of {secrets} that holds one of these)"


def _did(gathered: Gathered, compared: Compared) -> _Did:
    return {
        "put there": compared.added,
        "changed": compared.replaced,
        "made": gathered.made,
        "changed, as they hold what has changed": gathered.following,
    }


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
