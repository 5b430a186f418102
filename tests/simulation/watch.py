"""What the brokers see of calls; judges commits, and what is written where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grpc_kafka._broker import Record
from grpc_kafka.aio._gathering import PATIENCE
from grpc_kafka.aio._peers import SILENCE
from grpc_kafka.protocol import Headers, Responses, Sendable, decode
from tests.simulation.group import Member
from tests.simulation.journal import Journal
from tests.simulation.process import Process
from tests.simulation.records import Attempt, Facts
from tests.simulation.timeline import Timeline

LANE = "blue"
STRAY = "stray"
"""Who writes what no process of the lane wrote."""

_MICROSECONDS = 1_000_000
_SLACK = 0.05


class Violations:
    """What was promised and not kept."""

    def __init__(self, journal: Journal) -> None:
        self.found: list[str] = []
        self._journal = journal

    def add(self, what: str) -> None:
        """Note one; the run goes on, so that more is known of it."""
        self.found.append(what)
        self._journal.note("ORACLE", what)


class Watch:
    """Reads what is written, reported and committed.

    Args:
        attempts: finds a call by its token.

    Attributes:
        facts: of each call, by its id.
        kills: servers killed so far, by whatever.
        outage_until: when the last outage of a partition ends.

    """

    def __init__(
        self,
        timeline: Timeline,
        journal: Journal,
        violations: Violations,
        attempts: Callable[[str], Attempt | None],
    ) -> None:
        self.facts: dict[bytes, Facts] = {}
        self.violations = violations
        self.kills = 0
        self.outage_until = 0.0
        self.letters: set[str] = set()
        self._instances: dict[bytes, str] = {}
        self._deaths: dict[Process, float] = {}
        self._timeline = timeline
        self._journal = journal
        self._attempts = attempts

    def died(self, process: Process) -> None:
        """A process was killed."""
        self._deaths[process] = self._timeline.now

    def died_at(self, process: Process) -> float:
        """When that was."""
        return self._deaths.get(process, 0.0)

    def healed_at(self, begun: float) -> float:
        """When nothing stands in the way any more of what began then."""
        return max(begun, self.outage_until)

    def appended(self, record: Record, writer: str) -> None:
        """A record was written."""
        kind = kind_of(record.headers)
        where = f"{record.topic}/{record.partition}/{record.offset}"
        name = record.key.hex()[:8] if record.key else "-"
        self._journal.note("brokers", f"{where} {kind} {name} by {writer}")
        if not record.topic.startswith(f"{LANE}."):
            self.violations.add(f"{writer} writes a {kind} to {record.topic}, of another lane")
        if not kind or record.key is None or record.topic.endswith(".dead-letter"):
            return
        facts = self.facts.get(record.key)
        if facts is None:
            facts = self.facts[record.key] = Facts(record.key, first_seen=self._timeline.now)
        self._learn(facts, kind, record, writer)

    def _learn(self, facts: Facts, kind: str, record: Record, writer: str) -> None:
        if kind == "REQUEST":
            facts.places.append((record.partition, record.offset))
            self._learn_request(facts, record, writer)
        elif kind == "ACCEPT":
            home = dict(record.headers or ()).get(":reply-to") or b""
            self._instances[home.rpartition(b"/")[2]] = writer
        elif kind == "PART":
            facts.parts.add(dict(record.headers or ()).get(":sequence") or b"")
        elif kind == "TRAILERS":
            facts.end_written = True
        elif kind == "CANCEL":
            facts.cancel_written = True
        elif kind in ("WINDOW", "HALF_CLOSE"):
            facts.confirmed = True

    def _learn_request(self, facts: Facts, record: Record, writer: str) -> None:
        headers = dict(record.headers or ())
        timeout = headers.get("grpc-timeout")
        facts.deadline = int(timeout) / _MICROSECONDS if timeout else None
        facts.parts_due = int(headers.get(":parts") or 0)
        facts.streams = ":arity" in headers
        facts.reply_to = (headers.get(":reply-to") or b"").decode()
        facts.foreign = writer == STRAY
        attempt = self._attempts((headers.get("token") or b"").decode())
        if attempt is not None:
            attempt.facts = facts
            facts.client = attempt.process

    def arrived(self, process: Process, records: Sequence[Record]) -> None:
        """A process was handed records."""
        for record in records:
            if kind_of(record.headers) == "CANCEL" and record.key in self.facts:
                # One for a server that was not confirmed may come by a shared partition.
                to = dict(record.headers or ()).get(":to")
                if to is None or self._instances.get(to) == process.name:
                    self.facts[record.key].cancels.append((self._timeline.now, process))

    def reported(self, process: Process, topic: str, record: Sendable, failed: bool) -> None:
        """A process heard what became of a record of it."""
        if topic.endswith(".dead-letter"):
            if not failed:
                self._set_aside(record)
            return
        kind = kind_of(record.headers)
        if failed:
            self._journal.note(process.name, f"failed {kind} to {topic}")
        if kind == "RESPONSES":
            for call_id, _ in _responses(record).answers:
                self._heard(call_id, "RESPONSE", failed)
        else:
            self._heard(record.key or b"", kind, failed)

    def _heard(self, key: bytes, kind: str, failed: bool) -> None:
        facts = self.facts.get(key)
        if facts is None and failed and key:
            facts = self.facts[key] = Facts(key, first_seen=self._timeline.now)
        if facts is not None and failed:
            facts.failed.add(kind)
        elif facts is not None and kind == "RESPONSE":
            facts.acknowledged = True

    def _set_aside(self, record: Sendable) -> None:
        source = dict(record.headers).get(":dead-source") or b""
        self.letters.add(source.decode())
        facts = self.facts.get(record.key or b"")
        if facts is not None:
            facts.lettered = True

    def committed(self, member: Member, records: list[Record]) -> None:
        """A member has committed a position past these records."""
        for record in records:
            why = self._unfinished(member.process, record)
            if why:
                where = f"{record.topic}/{record.partition} at {record.offset}"
                self.violations.add(f"{member.process.name} commits past {where}: {why}")

    def _unfinished(self, process: Process, record: Record) -> str | None:
        kind = kind_of(record.headers)
        if kind not in ("REQUEST", "PART", "CANCEL"):
            source = f"{record.topic}/{record.partition}/{record.offset}"
            return None if source in self.letters else "garbage, and no dead letter"
        facts = self.facts[record.key or b""]
        if kind == "CANCEL" or self._settled(facts, process):
            return None
        return f"a {kind} of {facts.call_id.hex()[:8]} that nobody has answered"

    def _settled(self, facts: Facts, process: Process) -> bool:
        now = self._timeline.now
        expired = facts.deadline is not None and facts.deadline - process.skew <= now + _SLACK
        given_up = facts.first_seen + SILENCE <= now or self._is_silent(facts, process)
        abandoned = not facts.places and facts.first_seen + PATIENCE <= now
        broken = facts.failed & {"PART", "REQUEST"} or len(facts.parts) < facts.parts_due
        return (
            facts.acknowledged
            or facts.lettered
            or facts.foreign
            or facts.cancel_written
            or expired
            or (facts.streams and (facts.confirmed or given_up))
            or abandoned
            or bool(broken)
        )

    def _is_silent(self, facts: Facts, process: Process) -> bool:
        """Whether the other end of an accepted stream may be taken for dead."""
        client, since = facts.client, facts.first_seen - SILENCE
        return (
            client is None
            or not client.alive
            or client.disturbed_until > since
            or process.disturbed_until > since
            or self.outage_until > since
        )


def kind_of(headers: Headers | None) -> str:
    """The kind of frame that a record claims to be; empty for none."""
    if headers is None or len(headers) < 2 or headers[1][0] != ":frame":
        return ""
    return (headers[1][1] or b"").decode()


def _responses(record: Sendable) -> Responses:
    frame = decode(record.key, record.headers, record.value)
    if not isinstance(frame, Responses):
        raise TypeError(f"no RESPONSES: {frame}")
    return frame
