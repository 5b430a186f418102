"""One run of the deployer: lock, look, plan, do, tell."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from bluegreen.errors import (
    BlueGreenError,
    PortError,
    RefusedError,
    StepError,
    why,
)
from bluegreen.executor import Executor
from bluegreen.hooks import Hooks
from bluegreen.journal import Journal
from bluegreen.lock import Lock
from bluegreen.plan import (
    Contract,
    Deploy,
    Prune,
    Rollback,
    Timeouts,
    Wanted,
    can_turn_back,
    plan,
)
from bluegreen.ports import Clock, Notifier, Outcome
from bluegreen.state import State
from bluegreen.step import Step
from bluegreen.store import Event, Store

type Choose = Callable[[State, Store], Wanted]
"""Says what is wanted, once it is known what is there and nobody else changes it."""


class Delivery:
    """Does what is wanted of one destination.

    Args:
        destination: Its name, for people.
        lock: Of its server.
        store: The deployer's files there.
        executor: Does the steps there.
        notifier: Tells how it ended.
        journal: Where all is written down.
        clock: Time here.
        timeouts: Seconds of each action.
        hooks: What is run here at the end.
        announce: Is told the plan before it is done.
    """

    def __init__(
        self,
        *,
        destination: str,
        lock: Lock,
        store: Store,
        executor: Executor,
        notifier: Notifier,
        journal: Journal,
        clock: Clock,
        timeouts: Timeouts | None = None,
        hooks: Hooks | None = None,
        announce: Callable[[Sequence[Step]], None],
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

    def do(self, operation: str, choose: Choose) -> Outcome:
        """Do it, and tell of the end, be it good or bad; of what was refused nobody is told.

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
            self._announce(steps)
            failure: BlueGreenError | None = None
            try:
                self._executor.do(steps, held)
            except BlueGreenError as error:
                failure = error
            outcome = self._outcome(operation, before, wanted, began, failure)
            if steps:
                self._end(outcome, failure)
                self._tell(outcome)
        if failure is not None:
            raise failure
        return outcome

    def _outcome(
        self,
        operation: str,
        before: State,
        wanted: Wanted,
        began: float,
        failure: BlueGreenError | None,
    ) -> Outcome:
        release = None
        match wanted:
            case Deploy(chosen) | Rollback(chosen):
                release = chosen
            case Contract():
                release = before.serving
            case Prune():
                pass
        return Outcome(
            destination=self._destination,
            operation=operation,
            version=release.version if release else "",
            changed=release.changed_since(before.serving) if release else (),
            owner=self._journal.run.owner,
            seconds=round(self._clock.monotonic() - began, 1),
            failure=None if failure is None else self._journal.run.redact(str(failure)),
        )

    def _end(self, outcome: Outcome, failure: BlueGreenError | None) -> None:
        if self._hooks is None:
            return
        try:
            live = self._store.load().live
        except BlueGreenError:  # the server is away, which ends an operation, too
            live = None
        step = failure.step if isinstance(failure, StepError) else ""
        self._hooks.ended(outcome.version, live, None if failure is None else step)

    def _tell(self, outcome: Outcome) -> None:
        try:
            self._notifier.notify(outcome)
        except (PortError, KeyboardInterrupt) as error:
            # What was delivered is delivered, whether people hear of it or not.
            with suppress(PortError):
                self._journal.note("notify", Event.FAILED, self._clock.monotonic(), why(error))


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
