"""Brings Kafka, PostgreSQL and nginx to the release that serves, which a deploy never does."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from bluegreen.errors import (
    BlueGreenError,
    LockLostError,
    PortError,
    RefusedError,
    StepError,
    detail_of,
    why,
)
from bluegreen.journal import Journal
from bluegreen.lock import Held, Lock
from bluegreen.people import tell
from bluegreen.ports import Balancer, Clock, Notifier, Outcome
from bluegreen.release import Release
from bluegreen.state import State
from bluegreen.store import Event, Store

OPERATION = "servers"

_LOOK = 30.0


class Upkept[Before](Protocol):
    """What belongs to no lane; `bluegreen.engine.servers.Servers` are the real ones."""

    def behind(self, release: Release, timeout: float) -> dict[str, str]:
        """What is wrong with those that do not run well as a release has them, by their names."""

    def differences(self, release: Release, timeout: float) -> list[str]:
        """What bringing them to a release would change, for people; nothing if it is so."""

    def written(self) -> Before:
        """Their files as they are."""

    def bring(self, release: Release, timeout: float) -> None:
        """Bring them to a release: what differs starts anew, and is waited for."""

    def put_back(self, before: Before, release: Release, timeout: float) -> None:
        """Have them as they were."""


class Upkeep[Before]:
    """Does it on one server.

    Args:
        destination: Its name, for people.
        servers: What is brought there.
        balancer: nginx, one of them.
        pull: Brings the images of a release within seconds.
        lock: Of it.
        store: The deployer's files there.
        journal: Where all is written down.
        notifier: Tells how it ended; None if nobody is to be told.
        clock: Time here.
        say: Is told of progress.
    """

    def __init__(
        self,
        *,
        destination: str,
        servers: Upkept[Before],
        balancer: Balancer,
        pull: Callable[[Release, float], None],
        lock: Lock,
        store: Store,
        journal: Journal,
        notifier: Notifier | None,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._destination = destination
        self._servers = servers
        self._balancer = balancer
        self._pull = pull
        self._lock = lock
        self._store = store
        self._journal = journal
        self._notifier = notifier
        self._clock = clock
        self._say = say

    def look(self) -> list[str]:
        """What would be changed; nothing if all is so.

        Raises:
            RefusedError: it is not safe now.
        """
        state = self._store.load()
        return [*self._servers.differences(_serving(state), _LOOK), *self._astray(state)]

    def do(self, timeout: float) -> Outcome | None:
        """Do it, and tell of the end; None if there was nothing to do.

        Args:
            timeout: Seconds that they have to be healthy.

        Raises:
            RefusedError: no release serves, or an operation is unfinished; nothing was touched.
            LockedError: somebody deploys.
            StepError: one of them is not healthy; the error says what became of the rest.
            LockLostError: the lock was taken away.
        """
        began = self._clock.monotonic()
        with self._lock.held(OPERATION) as held:
            state = self._store.load()
            release = _serving(state)
            changes, astray = self._servers.differences(release, _LOOK), self._astray(state)
            if not changes and not astray:
                return None
            changed = list(self._servers.behind(release, _LOOK))
            self._announce(changes, astray)
            failure: BlueGreenError | None = None
            try:
                self._bring(state, release, held, timeout)
            except BlueGreenError as error:
                failure = error
            seconds = round(self._clock.monotonic() - began, 1)
            told = None if failure is None else self._journal.run.redact(str(failure))
            owner = self._journal.run.owner
            outcome = Outcome(
                self._destination, OPERATION, release.version, changed, owner, seconds, told
            )
            self._tell(outcome)
        if failure is not None:
            raise failure
        return outcome

    def _announce(self, changes: Sequence[str], astray: Sequence[str]) -> None:
        for each in (*changes, *astray):
            self._say(each)
        if changes:
            self._say("requests fail for some seconds, until what starts anew is healthy")

    def _bring(self, state: State, release: Release, held: Held, timeout: float) -> None:
        began = self._clock.monotonic()
        self._journal.note(OPERATION, Event.STARTED, began)
        before = self._servers.written()
        try:
            self._pull(release, timeout)
            held.check()
            self._servers.bring(release, timeout)
            self._route(state, timeout)
        except LockLostError:
            raise
        except (Exception, KeyboardInterrupt) as error:
            reason = self._journal.run.redact(why(error))
            with suppress(PortError):
                self._journal.note(OPERATION, Event.FAILED, began, reason)
            detail = self._journal.run.redact(detail_of(error))
            went_back, advice = self._put_back(before, state, release, timeout)
            raise StepError(
                OPERATION, reason, went_back=went_back, advice=advice, detail=detail
            ) from error
        self._journal.note(OPERATION, Event.SUCCEEDED, began)

    def _route(self, state: State, timeout: float) -> None:
        """Have nginx send requests where they went: a volume that was lost names another lane."""
        if state.live is not None and self._astray(state):
            self._balancer.route(state.live, timeout)

    def _astray(self, state: State) -> list[str]:
        """That nginx sends people elsewhere than is remembered; nothing if it does not."""
        found = self._balancer.live(_LOOK)
        if found == state.live:
            return []
        return [
            f"nginx sends people to {found or 'no lane'}, and {state.live} is remembered to serve"
        ]

    def _put_back(
        self, before: Before, state: State, release: Release, timeout: float
    ) -> tuple[bool, str]:
        try:
            self._servers.put_back(before, release, timeout)
            self._route(state, timeout)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told with the first
            return False, (
                f"going back failed, too: {self._journal.run.redact(why(error))}; see `docker "
                "compose logs` in the folder servers there, then run the same command again"
            )
        return True, "they run as before"

    def _tell(self, outcome: Outcome) -> None:
        # What was done is done, whether people hear of it or not.
        with suppress(PortError, KeyboardInterrupt):
            tell(self._notifier, outcome, self._journal)


def _serving(state: State) -> Release:
    """The release that they are brought to.

    Raises:
        RefusedError: there is none, or another one may come.
    """
    operation = state.operation
    if operation is not None:
        raise RefusedError(
            f"{operation.kind} of {operation.release.version} is unfinished; finish it by the same "
            "command, or undo it by `rollback`"
        )
    if state.serving is None:
        raise RefusedError("no release has the traffic; deploy one first, which starts the servers")
    return state.serving
