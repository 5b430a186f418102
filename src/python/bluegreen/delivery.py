"""One run of the deployer: lock, look, plan, do, tell."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bluegreen.errors import BlueGreenError, PortError, RefusedError, StepError
from bluegreen.executor import Executor
from bluegreen.hooks import Hooks
from bluegreen.journal import Journal
from bluegreen.lock import Lock
from bluegreen.people import tell
from bluegreen.plan import (
    Contract,
    Deploy,
    Rollback,
    Timeouts,
    Wanted,
    can_turn_back,
    plan,
)
from bluegreen.ports import Clock, Notifier, Outcome
from bluegreen.state import State
from bluegreen.step import Step
from bluegreen.store import Store

type Choose = Callable[[State, Store], Wanted]
"""Says what is wanted, once it is known what is there and nobody else changes it."""

type Subjects = Callable[[str, str], Sequence[str]]
"""Says what came between two commits, a line each."""


class Delivery:
    """Does what is wanted of one destination.

    Args:
        destination: Its name, for people.
        lock: Of its server.
        store: The deployer's files there.
        executor: Does the steps there.
        notifier: Tells how it ended; None if nobody is to be told.
        journal: Where all is written down.
        clock: Time here.
        timeouts: Seconds of each action.
        hooks: What is run here at the end.
        announce: Is told the plan before it is done.
        subjects: Says what came between two commits, for people.
    """

    def __init__(
        self,
        *,
        destination: str,
        lock: Lock,
        store: Store,
        executor: Executor,
        notifier: Notifier | None,
        journal: Journal,
        clock: Clock,
        timeouts: Timeouts | None = None,
        hooks: Hooks | None = None,
        announce: Callable[[Sequence[Step]], None],
        subjects: Subjects,
    ) -> None:
        self._destination = destination
        self._lock = lock
        self._store = store
        self._executor = executor
        self._notifier = notifier
        self._journal = journal
        self._clock = clock
        self._timeouts = timeouts
        self._hooks = hooks
        self._announce = announce
        self._subjects = subjects

    def do(self, operation: str, choose: Choose) -> Outcome:
        """Do it, and tell of the end, be it good or bad; of what was refused who asked has to.

        Args:
            operation: What to call it, such as `deploy`.
            choose: Says what is wanted.

        Raises:
            RefusedError: it is not safe now; nothing was touched.
            LockedError: somebody else deploys.
            StepError: a step failed; the error says what became of the rest.
            LockLostError: the lock was taken away.
        """
        began = self._clock.monotonic()
        with self._lock.held(operation) as held:
            before = self._store.load()
            wanted = choose(before, self._store)
            steps = plan(before, wanted, self._timeouts)
            came = self._came(before, wanted)
            self._announce(steps)
            after, failure = before, None
            try:
                after = self._executor.do(steps, held)
            except BlueGreenError as error:
                failure = error
            outcome = self._outcome(operation, came, began, after, failure)
            if steps:
                self._end(outcome, failure)
                self._tell(outcome)
        if failure is not None:
            raise failure
        return outcome

    def _came(self, before: State, wanted: Wanted) -> "_Came":
        """What would come; asked before anything is touched, as it may be interrupted."""
        match wanted:
            case Deploy(release=release) | Rollback(release) if release is not None:
                pass
            case Rollback() if (operation := before.operation) is not None:
                after = before.lanes[operation.old].release if operation.old else None
                return _Came(operation.release.version, operation.release.changed_since(after))
            case Contract() if before.serving is not None:
                release = before.serving
            case _:
                return _Came()
        changed = release.changed_since(before.serving)
        if before.serving is None or before.serving.revision == release.revision:
            return _Came(release.version, changed)
        commits = (before.serving.revision, release.revision)
        return _Came(release.version, changed, commits, self._subjects(*commits))

    def _outcome(
        self,
        operation: str,
        came: "_Came",
        began: float,
        after: State,
        failure: BlueGreenError | None,
    ) -> Outcome:
        return Outcome(
            destination=self._destination,
            operation=operation,
            version=came.version,
            changed=came.changed,
            owner=self._journal.run.owner,
            seconds=round(self._clock.monotonic() - began, 1),
            failure=None if failure is None else self._journal.run.redact(str(failure)),
            serves=_serves(after) if failure is None else "",
            commits=came.commits,
            subjects=came.subjects,
        )

    def _end(self, outcome: Outcome, failure: BlueGreenError | None) -> None:
        if self._hooks is None:
            return
        try:
            live = self._store.load().live
        except (BlueGreenError, KeyboardInterrupt):
            live = None  # the server is away, or somebody is in a hurry; it has ended all the same
        step = failure.step if isinstance(failure, StepError) else ""
        self._hooks.ended(outcome.version, live, None if failure is None else step)

    def _tell(self, outcome: Outcome) -> None:
        # What was delivered is delivered, whether people hear of it or not.
        with suppress(PortError, KeyboardInterrupt):
            tell(self._notifier, outcome, self._journal)


@dataclass(frozen=True)
class _Came:
    """What an operation brings."""

    version: str = ""
    changed: Sequence[str] = ()
    commits: tuple[str, str] | None = None
    subjects: Sequence[str] = ()


def _serves(state: State) -> str:
    if state.serving is None:
        return "nothing serves"
    return f"{state.serving.version} serves from {state.live}"


def rollback_to(version: str | None) -> Choose:
    """A rollback: to a version, or to what is unfinished undone, or else to the release before."""

    def choose(state: State, store: Store) -> Rollback:
        operation = state.operation
        if version is None and operation is not None and can_turn_back(operation):
            return Rollback(None)
        target = version or state.previous
        if target is None:
            known = ", ".join(store.versions()) or "none"
            raise RefusedError(f"there is no release before this one; name a version of: {known}")
        release = store.release(target)
        if release is None:
            known = ", ".join(store.versions()) or "none"
            raise RefusedError(f"{target} was never deployed here; there are: {known}")
        return Rollback(release)

    return choose
