"""Does a plan step by step, each written down before and after; undoes it when a step fails."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bluegreen.acts import Acts
from bluegreen.effects import Moment, begun, done
from bluegreen.errors import BlueGreenError, LockLostError, PortError, StepError, TemporaryError
from bluegreen.lock import Held
from bluegreen.plan import Timeouts, can_turn_back, turn_back
from bluegreen.ports import Clock
from bluegreen.state import State
from bluegreen.step import Step
from bluegreen.store import Event, Record, Store

_PAUSE = 1.0
_LONGEST_PAUSE = 8.0


type Listener = Callable[[Step, Record], None]
"""Is told what becomes of steps, as it happens."""


@dataclass(frozen=True)
class Run:
    """Who runs a plan.

    Attributes:
        id: Names the run in the log.
        owner: Who asked.
        redact: Takes secrets out of what is written down.
    """

    id: str
    owner: str
    redact: Callable[[str], str]


class Executor:
    """Does plans on one server.

    Args:
        store: The deployer's files there.
        acts: What steps do there.
        clock: Time here.
        run: Who runs it.
        listener: Is told of each step.
        timeouts: Seconds of each action, for what undoes a failed plan.
    """

    def __init__(
        self,
        *,
        store: Store,
        acts: Acts,
        clock: Clock,
        run: Run,
        listener: Listener,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._store = store
        self._acts = acts
        self._clock = clock
        self._run = run
        self._listener = listener
        self._timeouts = timeouts

    def do(self, steps: Sequence[Step], held: Held) -> State:
        """Do all steps in order; the state after them.

        A failed step is undone with all before it, as far as that is possible. So is what runs when
        somebody presses Ctrl-C.

        Raises:
            StepError: a step failed.
            LockLostError: the lock was taken away; nothing is undone, for another one may work.
        """
        state = self._store.load()
        for step in steps:
            held.check()
            try:
                state = self._perform(state, step)
            except LockLostError:
                raise
            except (BlueGreenError, KeyboardInterrupt) as error:
                raise self._given_up(step, error, held) from error
        return state

    def _given_up(self, failed: Step, error: BaseException, held: Held) -> StepError:
        """Undo what can be undone; the error to raise."""
        reason = self._run.redact(str(error) or "it was interrupted")
        detail = self._run.redact(error.detail) if isinstance(error, PortError) else ""
        went_back, advice = False, _AGAIN
        try:
            state = self._store.load()
            steps = turn_back(state, self._timeouts)
            if state.operation is None:
                went_back, advice = True, "what runs was not touched"
            elif not state.operation.going_back and can_turn_back(state.operation):
                for step in steps:
                    held.check()
                    state = self._perform(state, step)
                went_back, advice = True, "everything is as before"
        except LockLostError:
            raise
        except (BlueGreenError, KeyboardInterrupt) as second:
            advice = f"going back failed, too: {self._run.redact(str(second))}; {_AGAIN}"
        return StepError(failed.name, reason, went_back=went_back, advice=advice, detail=detail)

    def _perform(self, state: State, step: Step) -> State:
        began = self._clock.monotonic()
        self._note(step, Event.STARTED, began)
        try:
            state = self._keep(state, begun(state, step))
            proven = self._patiently(step, began, lambda _left: self._acts.is_done(step, state))
            heads = None
            if not proven:
                heads = self._patiently(step, began, lambda left: self._acts.do(step, state, left))
            moment = Moment(self._retrying(self._store.now), self._run.id, heads)
            state = self._keep(state, done(state, step, moment))
        except (BlueGreenError, KeyboardInterrupt) as error:
            # What the server does not take any more is only told here; the error stays the first.
            with suppress(PortError):
                self._note(step, Event.FAILED, began, str(error) or "interrupted")
            raise
        self._note(step, Event.SKIPPED if proven else Event.SUCCEEDED, began)
        return state

    def _keep(self, before: State, after: State) -> State:
        if after != before:
            self._retrying(lambda: self._store.save(after))
        return after

    def _patiently[T](self, step: Step, began: float, act: Callable[[float], T]) -> T:
        """Try as often and as long as the step may; a pause that is doubled in between."""
        pause = _PAUSE
        for attempt in range(1, step.rule.attempts + 1):
            left = began + step.timeout - self._clock.monotonic()
            if left <= 0:
                raise PortError(f"it is not done after {step.timeout:g} s")
            try:
                return act(left)
            except TemporaryError as error:
                enough = began + step.timeout - self._clock.monotonic() > pause
                if attempt == step.rule.attempts or not enough:
                    raise
                self._note(step, Event.RETRIED, began, str(error))
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise AssertionError("a step has at least one attempt")

    def _retrying[T](self, act: Callable[[], T]) -> T:
        """Do what only concerns the deployer's own files."""
        pause = _PAUSE
        while True:
            try:
                return act()
            except TemporaryError:
                if pause > _LONGEST_PAUSE:
                    raise
            self._clock.sleep(pause)
            pause *= 2

    def _note(self, step: Step, event: Event, began: float, detail: str = "") -> None:
        record = Record(
            at=self._retrying(self._store.now),
            run=self._run.id,
            owner=self._run.owner,
            step=step.name,
            event=event,
            seconds=round(self._clock.monotonic() - began, 3),
            detail=self._run.redact(detail),
        )
        self._listener(step, record)
        self._retrying(lambda: self._store.note(record))


_AGAIN = "run the same command again, which goes on from here, or roll back"
