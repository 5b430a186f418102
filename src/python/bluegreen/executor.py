"""Does a plan step by step, each written down before and after; undoes it when a step fails."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from bluegreen.acts import Acts
from bluegreen.effects import Moment, begun, done, failed
from bluegreen.errors import (
    BlueGreenError,
    LockLostError,
    PortError,
    StepError,
    TemporaryError,
    detail_of,
    why,
)
from bluegreen.hooks import Hooks
from bluegreen.journal import Journal, patiently
from bluegreen.lock import Held
from bluegreen.plan import Timeouts, can_turn_back, turn_back
from bluegreen.ports import Clock
from bluegreen.state import State
from bluegreen.step import Kind, Step, kept_for_writing
from bluegreen.store import Event, Store

_PAUSE = 1.0
_LONGEST_PAUSE = 8.0
_LEAST_SECONDS = 5.0
"""What is left for the log where a step has used up its time."""


class Executor:
    """Does plans on one server.

    Args:
        store: The deployer's files there.
        acts: What steps do there.
        clock: Time here.
        journal: Where all is written down.
        timeouts: Seconds of each action, for what undoes a failed plan.
        hooks: What is run here around steps.
    """

    def __init__(
        self,
        *,
        store: Store,
        acts: Acts,
        clock: Clock,
        journal: Journal,
        timeouts: Timeouts | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._store = store
        self._acts = acts
        self._clock = clock
        self._journal = journal
        self._timeouts = timeouts
        self._hooks = hooks

    def do(self, steps: Sequence[Step], held: Held) -> State:
        """Do all steps in order; the state after them.

        A failed step is undone with all before it, as far as that is possible. So is what runs when
        somebody presses Ctrl-C, and what a bug breaks off.

        Raises:
            StepError: a step failed.
            LockLostError: the lock was taken away; nothing is undone, for another one may work.
        """
        state = self._store.load()
        for step in steps:
            try:
                state = self._hooked(state, step, held)
            except LockLostError:
                raise
            except (Exception, KeyboardInterrupt) as error:
                raise self._given_up(step, error, held) from error
        return state

    def _given_up(self, step: Step, error: BaseException, held: Held) -> StepError:
        """Undo what can be undone; the error to raise."""
        reason = self._journal.run.redact(why(error))
        detail = self._journal.run.redact(detail_of(error))
        went_back, advice = False, ""
        try:
            state = self._store.load()
            steps = turn_back(state, self._timeouts)
            if state.operation is None:
                went_back, advice = True, "what runs was not touched"
            elif not state.operation.going_back and can_turn_back(state.operation):
                kind = state.operation.kind
                for back in steps:
                    state = self._perform(state, back, held)
                went_back, advice = _became(kind)
        except LockLostError:
            raise
        except (Exception, KeyboardInterrupt) as second:  # noqa: BLE001 - told with the first
            told = self._journal.run.redact(why(second))
            advice = f"going back failed, too: {told}; {self._next()}"
        advice = advice or self._next()
        return StepError(step.name, reason, went_back=went_back, advice=advice, detail=detail)

    def _next(self) -> str:
        """What to do where not all is as before, by what the server remembers."""
        with suppress(BlueGreenError):
            operation = self._store.load().operation
            if operation is not None and operation.stuck:
                return _STUCK.format(lane=operation.lane)
        return _AGAIN

    def _hooked(self, state: State, step: Step, held: Held) -> State:
        """Do a step between its hooks; going back has none, for nothing may be in its way."""
        if self._hooks is None or (state.operation and state.operation.going_back):
            return self._perform(state, step, held)
        self._hooks.before(step, state)
        state = self._perform(state, step, held)
        self._hooks.after(step, state)
        return state

    def _perform(self, state: State, step: Step, held: Held) -> State:
        began = self._clock.monotonic()
        within = partial(self._within, step, began, held)
        keep = partial(self._keep, step, began, held)
        self._note(step, Event.STARTED, began)
        try:
            state = keep(state, begun(state, step))
            proven = within(lambda left: self._acts.is_done(step, state, left))
            heads = None
            if not proven:
                held.check()
                heads = within(lambda left: self._acts.do(step, state, left))
            left = self._left(step, began)
            now = patiently(self._clock, self._store.within(left).now, left)
            moment = Moment(now, self._journal.run.id, heads)
            state = keep(state, done(state, step, moment))
        except (Exception, KeyboardInterrupt) as error:
            self._note_if_possible(step, Event.FAILED, began, why(error))
            if not isinstance(error, PortError):
                raise
            # A server that does not take it remembers that the step has begun.
            with suppress(PortError):
                state = keep(state, failed(state, step, error))
            if not step.optional:
                raise
            return state
        self._note(step, Event.SKIPPED if proven else Event.SUCCEEDED, began)
        return state

    def _keep(self, step: Step, began: float, held: Held, before: State, after: State) -> State:
        if after != before:
            left = self._left(step, began)
            store = self._store.within(left)
            patiently(self._clock, lambda: store.save(after, held.token), left)
        return after

    def _left(self, step: Step, began: float) -> float:
        """Seconds that a step still has."""
        return began + step.timeout - self._clock.monotonic()

    def _within[T](self, step: Step, began: float, held: Held, act: Callable[[float], T]) -> T:
        """Try as often and as long as the step may; a pause that is doubled in between.

        A try that comes late, as where this machine slept, may come when somebody else works.
        """
        pause, reason = _PAUSE, ""
        kept = kept_for_writing(step.timeout)
        for attempt in range(1, step.rule.attempts + 1):
            if reason:
                held.check()
            left = self._left(step, began) - kept
            if left <= 0:
                raise TemporaryError(f"it is not done after {step.timeout:g} s{reason}")
            try:
                return act(left)
            except TemporaryError as error:
                enough = self._left(step, began) - kept > pause
                if attempt == step.rule.attempts or not enough:
                    raise
                reason = f": {error}"
                self._note_if_possible(step, Event.RETRIED, began, str(error))
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("a step has at least one attempt")

    def _note(self, step: Step, event: Event, began: float, detail: str = "") -> None:
        version = step.release.version if step.release else ""
        left = max(_LEAST_SECONDS, self._left(step, began))
        self._journal.note(step.name, event, began, detail, version, left)

    def _note_if_possible(self, step: Step, event: Event, began: float, detail: str) -> None:
        """Write down an error; a server that does not take it changes nothing of what it is."""
        with suppress(PortError):
            self._note(step, event, began, detail)


def _became(kind: Kind) -> tuple[bool, str]:
    """Whether all is as before, and how to say what became of it."""
    if kind is Kind.CONTRACT:
        return False, "what was contracted before it stays so, and what serves goes on serving"
    return True, "everything is as before"


_STUCK = (
    "{lane} keeps the traffic: `rollback` tries to go back once more; `deploy` of another release, "
    "and `rollback` to a version, go on from {lane}"
)
_AGAIN = "run the same command again, which goes on from here, or roll back"
