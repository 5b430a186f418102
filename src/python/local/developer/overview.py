"""What the developer page shows, ready to be written: no process is touched for it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from local.journal import Journal, Line
from local.log_line import parse
from local.part import Part, State
from local.probes import HttpProbe

_MINUTE = 60
_HOUR = 3600
_LAST_LINES = 3

_TONES = {State.READY: "good", State.DONE: "quiet", State.FAILED: "bad"}


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted; empty means all.

    Attributes:
        program: Only of this program.
        text: Only with this text, in whatever case.
        trace: Only with this trace id.
    """

    program: str = ""
    text: str = ""
    trace: str = ""

    def query(self, **changes: str) -> str:
        """The query of an address that shows this, with some fields changed."""
        fields = {"program": self.program, "text": self.text, "trace": self.trace, **changes}
        return urlencode({name: value for name, value in fields.items() if value})


@dataclass(frozen=True)
class ShownPart:
    """One row of the table of processes; without an action, it has no button."""

    name: str
    state: str
    tone: str
    detail: str
    pid: str
    port: str
    metrics: str
    uptime: str
    took: str
    restarts: int
    last: tuple[str, ...]
    action: str


@dataclass(frozen=True)
class ShownLine:
    """One line of the logs."""

    time: str
    program: str
    level: str
    text: str
    trace: str


def shown_parts(parts: Mapping[str, Part], journal: Journal) -> list[ShownPart]:
    """The rows of the table of processes: what stays first, then the steps that have ended."""
    ordered = sorted(parts.values(), key=lambda part: part.program.is_step)
    return [_part(part, journal) for part in ordered]


def shown_lines(journal: Journal, wanted: Filter, count: int) -> list[ShownLine]:
    """The latest lines that are wanted, the newest first."""
    lines = journal.latest(count, program=wanted.program, text=wanted.text, trace_id=wanted.trace)
    return [_line(line) for line in reversed(lines)]


def duration(seconds: float) -> str:
    """Write a duration shortly: "42 s", "3 min", "2 h 5 min"."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"


def _part(part: Part, journal: Journal) -> ShownPart:
    runs = part.child is not None and part.child.code is None
    unwell = part.state is State.READY and part.detail
    lines = journal.latest(_LAST_LINES, program=part.name)
    return ShownPart(
        name=part.name,
        state="not healthy" if unwell else part.state,
        tone="bad" if unwell else _TONES.get(part.state, "busy"),
        detail=part.detail,
        pid=str(part.child.pid) if runs and part.child else "",
        port=part.port,
        metrics=_metrics(part),
        uptime=duration(time.time() - part.child.started) if runs and part.child else "",
        took=f"{part.seconds:.2f} s" if part.up else "",
        restarts=max(part.restarts, 0),
        last=tuple(parse(line.text).render() for line in lines),
        action=_action(part),
    )


def _metrics(part: Part) -> str:
    """Where it tells what it measured; of those that are built on the chassis alone."""
    probe = part.program.probe
    if isinstance(probe, HttpProbe) and probe.path == "/healthz":
        return f"http://127.0.0.1:{probe.port}/metrics"
    return ""


def _action(part: Part) -> str:
    if part.program.is_done_once:
        return ""
    return "Run again" if part.program.is_step else "Restart"


def _line(line: Line) -> ShownLine:
    parsed = parse(line.text)
    moment = datetime.fromtimestamp(line.at, UTC).astimezone()
    return ShownLine(
        time=f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}",
        program=line.program,
        level=parsed.level,
        text=parsed.render().removeprefix(parsed.level).lstrip(),
        trace=parsed.trace_id,
    )
