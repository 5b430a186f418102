"""One deployer a destination: a file on the server says who, and is kept warm while they work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from pydantic import AwareDatetime, Field

from bluegreen.documents import Document
from bluegreen.errors import DocumentError, LockedError, LockLostError, PortError, why
from bluegreen.ports import Server

FILE = "lock.json"

_BEAT_SECONDS = 5.0
_CHECK_SECONDS = 5.0
"""So long a step waits to hear who has the lock; its writing of the state looks once more."""
_STALE_AFTER = timedelta(seconds=30)
_TRIES = 3


class Holder(Document):
    """Who has the lock.

    Attributes:
        owner: A person, or a pipeline.
        host: Their machine.
        boot: Tells it from others of that name: a name of its own for each start of the machine;
            empty if it has none.
        namespace: Which processes see each other there, as containers' own do; empty if all do.
        pid: Their process there.
        token: Names this very holding.
        purpose: What for.
        taken_at: Since when, by the server's clock.
        beat_at: When they last said that they are at work.
    """

    owner: str
    host: str
    boot: str = ""
    namespace: str = ""
    pid: int = Field(gt=0)
    token: str
    purpose: str
    taken_at: AwareDatetime
    beat_at: AwareDatetime

    def __str__(self) -> str:
        return (
            f"{self.owner} (process {self.pid} on {self.host}, {self.purpose}, "
            f"since {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )


@dataclass(frozen=True)
class Identity:
    """Who asks for the lock.

    Attributes:
        runs: Whether a process of this machine runs.
        token: Gives a name that no holding had.
        namespace: The one of this process, as of `Holder`.
    """

    owner: str
    host: str
    boot: str
    pid: int
    runs: Callable[[int], bool]
    token: Callable[[], str]
    namespace: str = ""

    def sees(self, holder: Holder) -> bool:
        """Whether the process of a holder is one of those that can be seen from here."""
        here = (self.host, self.boot, self.namespace)
        return bool(self.boot) and (holder.host, holder.boot, holder.namespace) == here


def is_stale(holder: Holder, now: datetime, identity: Identity) -> bool:
    """Whether a holder is gone: its process here has ended, or it was not heard of for 30 s."""
    if identity.sees(holder) and not identity.runs(holder.pid):
        return True
    return now - holder.beat_at > _STALE_AFTER


class Lock:
    """The lock of one server.

    Args:
        server: Where it is.
        identity: Who asks.
        beat_every: Seconds between two signs of life.
        say: Is told what keeps its holder from giving one, where nobody has foreseen it.
    """

    def __init__(
        self,
        server: Server,
        identity: Identity,
        beat_every: float = _BEAT_SECONDS,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._server = server
        self._identity = identity
        self._beat_every = beat_every
        self._say = say

    def holder(self) -> Holder | None:
        """Who has it; None if nobody has."""
        content = self._server.read(FILE)
        return None if content is None else Holder.parse(content, FILE)

    def is_stale(self, holder: Holder) -> bool:
        """Whether its holder is gone."""
        return is_stale(holder, self._server.now(), self._identity)

    def check_free(self) -> None:
        """See that it could be taken now; that it still can later is not said.

        Raises:
            LockedError: somebody else has it, and is at work.
        """
        content = self._server.read(FILE)
        if content is not None:
            self._check_stale(_understood(content))

    def release(self) -> str | None:
        """Take the lock away from whoever has it; says who had it, for people."""
        content = self._server.read(FILE)
        if content is None or not self._server.swap(FILE, content, None):
            return None
        holder = _understood(content)
        return str(holder) if holder else f"somebody; {FILE} was not understood"

    @contextmanager
    def held(self, purpose: str) -> "Iterator[Held]":
        """Hold the lock while the context is entered; a stale one is taken over.

        Raises:
            LockedError: somebody else has it, and is at work.
        """
        held = Held(self._server, self._take(purpose))
        stop = threading.Event()
        heart = threading.Thread(target=self._beat, args=(held, stop), daemon=True)
        heart.start()
        try:
            yield held
        finally:
            stop.set()
            heart.join()
            held.give_back()

    def _take(self, purpose: str) -> Holder:
        now = self._server.now()
        mine = Holder(
            owner=self._identity.owner,
            host=self._identity.host,
            boot=self._identity.boot,
            namespace=self._identity.namespace,
            pid=self._identity.pid,
            token=self._identity.token(),
            purpose=purpose,
            taken_at=now,
            beat_at=now,
        )
        for _ in range(_TRIES):
            before = self._server.read(FILE)
            if before is not None:
                self._check_stale(_understood(before))
            if self._server.swap(FILE, before, mine.render()):
                return mine
        raise LockedError("others take and give back the lock all the time; try again")

    def _check_stale(self, holder: Holder | None) -> None:
        if holder is None:
            raise LockedError(
                f"{FILE} is not understood: another version of the deployer may be at work here; "
                "if none is, take the lock away by `lock release`"
            )
        if not self.is_stale(holder):
            raise LockedError(
                f"{holder} deploys here; wait, or, if they are gone, take the lock away by "
                "`lock release`"
            )

    def _beat(self, held: "Held", stop: threading.Event) -> None:
        said = ""
        while not stop.wait(self._beat_every):
            try:
                held.beat()
            except Exception as error:  # noqa: BLE001 - a heart that stopped would lose the lock
                if said != (said := why(error)):
                    self._say(f"no sign of life could be given for the lock: {said}; again soon")


class Held:
    """A lock while it is held."""

    def __init__(self, server: Server, holder: Holder) -> None:
        self._server = server
        self._holder = holder
        self._lost = False

    @property
    def token(self) -> str:
        """What names this very holding."""
        return self._holder.token

    def check(self) -> Self:
        """Go on only while the lock is still held, as far as the server can be asked.

        Raises:
            LockLostError: it was taken away.
        """
        with suppress(PortError):
            if not self._lost and self._mine(self._server.within(_CHECK_SECONDS)) is None:
                self._lost = True
        if self._lost:
            raise LockLostError
        return self

    def beat(self) -> None:
        """Say that its holder is at work; one that cannot be said now is said the next time."""
        with suppress(PortError):
            before = self._mine(self._server)
            after = self._holder.model_copy(update={"beat_at": self._server.now()})
            if before is None or not self._server.swap(FILE, before, after.render()):
                self._lost = True

    def give_back(self) -> None:
        """Let the next one in. A lost lock is somebody else's; one out of reach gets stale."""
        with suppress(PortError):
            before = self._mine(self._server)
            if before is not None:
                self._server.swap(FILE, before, None)

    def _mine(self, server: Server) -> str | None:
        """What the file says if it names this holding; it may be a beat whose reply was lost."""
        content = server.read(FILE)
        holder = None if content is None else _understood(content)
        return content if holder is not None and holder.token == self._holder.token else None


def _understood(content: str) -> Holder | None:
    try:
        return Holder.parse(content, FILE)
    except DocumentError:
        return None
