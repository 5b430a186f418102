"""Judges a run: what was promised to callers and to handlers, checked as it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc

from grpc_kafka.aio._peers import INTERVAL, SILENCE
from tests.simulation.group import Member
from tests.simulation.journal import Journal
from tests.simulation.process import Process
from tests.simulation.records import Attempt, Run
from tests.simulation.timeline import Timeline
from tests.simulation.watch import Watch
from tests.simulation.workload import Kind, Spec, content

SLACK = 1.0
"""Seconds that something may be late that nothing holds up."""

_OWN_ENDS = {
    Kind.RAISE: grpc.StatusCode.UNKNOWN,
    Kind.ABORT: grpc.StatusCode.FAILED_PRECONDITION,
}

POISON_RUNS = 12
"""Servers that one request may bring down before it is set aside."""


class Oracle:
    """Watches over calls and handlers.

    Args:
        strict: whether nothing happens here that could end a call otherwise than well.
        limit: handlers that a server may run at once.
        replies: what the store has recorded, by idempotency key.

    """

    def __init__(
        self,
        timeline: Timeline,
        journal: Journal,
        watch: Watch,
        *,
        strict: bool,
        limit: int,
        replies: Callable[[str], bytes | None],
    ) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.open: dict[str, Attempt] = {}
        self.outcomes: dict[str, int] = {}
        self._timeline = timeline
        self._journal = journal
        self._watch = watch
        self._violations = watch.violations
        self._strict = strict
        self._limit = limit
        self._replies = replies
        self._running: dict[Process, set[str]] = {}

    # What clients tell.

    def attempted(self, token: str, spec: Spec, process: Process, key: str) -> Attempt:
        """A call begins."""
        attempt = Attempt(token, spec, process, self._timeline.now, key)
        self.attempts[token] = self.open[token] = attempt
        self._journal.note(process.name, f"call {token} {spec.kind} timeout {spec.timeout:.3f}")
        return attempt

    def given_up(self, attempt: Attempt) -> None:
        """Its client cancels a call."""
        attempt.cancelled = self._timeline.now
        self._journal.note(attempt.process.name, f"cancel {attempt.token}")

    def answer(self, attempt: Attempt, message: bytes) -> None:
        """A unary call has an answer."""
        expected: bytes | None = content("answer", attempt.token, attempt.spec.answer_size)
        if attempt.key:
            expected = self._replies(attempt.key)
        if message != expected:
            self._say(attempt, f"got another call's answer: {message[:60]!r}, {len(message)} bytes")
        if not any(run.served for run in attempt.runs):
            self._say(attempt, "is answered, and no handler has served it")

    def message(self, attempt: Attempt, message: bytes, label: str, number: int) -> None:
        """A message of a stream came to an end of it."""
        spec = attempt.spec
        size = spec.answer_size if label == "answer" else spec.size
        if message != content(f"{label} {number}", attempt.token, size):
            self._say(attempt, f"{label} {number} is out of its order: {message[:60]!r}")

    def complete(self, attempt: Attempt, count: int) -> None:
        """A handler was told that no more requests come."""
        if count != attempt.spec.count and attempt.process.alive and attempt.cancelled is None:
            self._say(attempt, f"was half-closed after {count} messages of {attempt.spec.count}")

    def ended(self, attempt: Attempt, code: grpc.StatusCode, details: str) -> None:
        """A call is over, as its client sees it."""
        attempt.ended, attempt.code, attempt.details = self._timeline.now, code, details
        self.open.pop(attempt.token, None)
        self.outcomes[code.name] = self.outcomes.get(code.name, 0) + 1
        self._journal.note(attempt.process.name, f"ended {attempt.token} {code.name} {details}")
        self._judge_end(attempt, code)

    def _judge_end(self, attempt: Attempt, code: grpc.StatusCode) -> None:
        spec, now = attempt.spec, self._timeline.now
        latest = max(attempt.begun + spec.timeout, attempt.process.disturbed_until) + SLACK
        if now > latest:
            self._say(attempt, f"ended {now - attempt.begun:.3f} s after its begin")
        if code is grpc.StatusCode.OK:
            whole = (
                spec.count if spec.kind in (Kind.COUNT, Kind.CHAT, Kind.FLOOD, Kind.QUIET) else 0
            )
            if attempt.answers < whole:
                self._say(attempt, f"is OK with {attempt.answers} answers of {whole}")
        elif spec.patient and not self._may_end(attempt, code):
            self._say(attempt, f"ended {code.name}: {attempt.details}")

    def _may_end(self, attempt: Attempt, code: grpc.StatusCode) -> bool:
        """Whether a call that waited long enough may end so, other than well."""
        kind, facts, details = attempt.spec.kind, attempt.facts, attempt.details
        if kind in _OWN_ENDS and attempt.token in details:
            return code is _OWN_ENDS[kind]
        aside = code is grpc.StatusCode.INTERNAL and "set aside" in details
        if aside and kind is not Kind.POISON:
            # Killed twice by chance while it ran alone.
            return self._watch.kills > 1
        # That it was set aside is said once; its caller may miss it.
        unheard = kind is Kind.POISON and facts is not None and "RESPONSE" in facts.failed
        unavailable = code is grpc.StatusCode.UNAVAILABLE and self._may_be_unavailable(attempt)
        return aside or unheard or unavailable

    def _may_be_unavailable(self, attempt: Attempt) -> bool:
        details, streams = attempt.details, attempt.spec.kind.streams
        if attempt.runs and "was not begun" in details:
            return False
        if self._strict:
            # A stream is begun once, and a server that stops does not wait for it.
            return streams and ("the server stops" in details or "was not begun" in details)
        return streams or "could not be sent" in details

    # What handlers tell.

    def attempt(self, token: str) -> Attempt:
        """The call that a handler runs for."""
        return self.attempts[token]

    def begin(self, attempt: Attempt, process: Process, members: Sequence[Member]) -> Run:
        """A handler begins."""
        self._journal.note(process.name, f"begin {attempt.token}")
        running = self._running.setdefault(process, set())
        if attempt.token in running:
            self._say(attempt, f"runs twice at once in {process.name}")
        if attempt.spec.kind.streams and attempt.runs:
            self._say(attempt, "is a stream and begins a second time")
        running.add(attempt.token)
        if len(running) > self._limit:
            self._say(attempt, f"is one of {len(running)} that run in {process.name}")
        self._judge_begin(attempt, process, members)
        if attempt.spec.kind is Kind.POISON and len(attempt.runs) >= POISON_RUNS:
            self._say(attempt, f"brings down its server number {len(attempt.runs) + 1}")
        run = Run(process, self._timeline.now)
        attempt.runs.append(run)
        return run

    def _judge_begin(self, attempt: Attempt, process: Process, members: Sequence[Member]) -> None:
        now, facts = self._timeline.now, attempt.facts
        if facts is None:
            self._say(attempt, "begins, and its REQUEST was never written")
            return
        if facts.deadline is not None and now + process.skew > facts.deadline + SLACK / 10:
            self._say(attempt, f"begins {now + process.skew - facts.deadline:.3f} s late")
        if facts.streams and not facts.confirmed:
            self._say(attempt, "is a stream and begins unconfirmed")
        views = [member.view for member in members]
        if not any(place in view for place, _ in facts.places for view in views):
            self._say(attempt, f"begins in {process.name}, which has left its partition")

    def request(self, attempt: Attempt, message: bytes) -> None:
        """A handler was given its request."""
        if message != content("request", attempt.token, attempt.spec.size):
            self._say(attempt, f"its handler is given {len(message)} bytes: {message[:60]!r}")

    def end(self, attempt: Attempt, run: Run) -> None:
        """A handler has ended."""
        if not run.process.alive:
            return
        run.ended = self._timeline.now
        self._running[run.process].discard(attempt.token)
        how = "served" if run.served else "left"
        self._journal.note(run.process.name, f"{how} {attempt.token}")

    def left(self, member: Member, partitions: set[int]) -> None:
        """A process was told that partitions are another's: what runs of them has to end."""

        def look() -> None:
            process = member.process
            if process.away or not process.alive:
                return
            for token in sorted(self._running.get(process, ())):
                attempt = self.attempts[token]
                places = {place for place, _ in attempt.facts.places} if attempt.facts else set()
                unconfirmed = not attempt.spec.kind.streams
                if unconfirmed and places <= partitions and not places & member.view:
                    run = attempt.runs[-1]
                    if run.process is process and run.begun < self._timeline.now - SLACK:
                        self._say(attempt, f"runs on in {process.name}, which lost its partition")

        self._timeline.after(SLACK, look)

    # At the end.

    def judge_runs(self) -> None:
        """Look at when handlers ended."""
        for attempt in self.attempts.values():
            for run in attempt.runs:
                if run.process.alive or run.ended is not None:
                    self._judge_run(attempt, run)
            facts = attempt.facts
            if attempt.cancelled is None or facts is None or not attempt.process.alive:
                continue
            if not facts.cancel_written:
                self._say(attempt, "was cancelled, and its server is not told")

    def _judge_run(self, attempt: Attempt, run: Run) -> None:
        self._judge_end_of_stream(attempt, run)
        ended = self._timeline.now if run.ended is None else run.ended
        facts = attempt.facts
        held = max(run.begun, run.process.disturbed_until, self._watch.healed_at(run.begun))
        if facts is not None and facts.deadline is not None:
            latest = max(facts.deadline - run.process.skew, run.process.disturbed_until) + SLACK
            if ended > latest:
                self._say(attempt, f"its handler goes on {ended - latest:.3f} s past its deadline")
        for cancelled, process in facts.cancels if facts is not None else ():
            latest = max(cancelled, run.begun, process.disturbed_until) + SLACK
            if process is run.process and ended > latest:
                self._say(attempt, f"its handler goes on {ended - latest:.3f} s after its CANCEL")
        if attempt.spec.kind.streams and not attempt.process.alive:
            silence = SILENCE + 2 * INTERVAL + SLACK
            latest = max(self._watch.died_at(attempt.process), held) + silence
            if ended > latest:
                self._say(attempt, f"its handler goes on {ended - latest:.3f} s for a dead client")

    def _judge_end_of_stream(self, attempt: Attempt, run: Run) -> None:
        facts = attempt.facts
        if facts is None or not facts.streams or facts.end_written or facts.cancel_written:
            return
        if run.served and run.process.alive and attempt.process.alive:
            self._say(attempt, "was served, and its client is not told how it ended")

    def _say(self, attempt: Attempt, what: str) -> None:
        self._violations.add(f"call {attempt.token} ({attempt.spec.kind}) {what}")
