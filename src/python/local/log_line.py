"""A line of a log, as people read it: entries of structlog, and anything else as it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOLD_ELSEWHERE = frozenset(
    {"timestamp", "level", "event", "service", "lane", "trace_id", "span_id", "exception"}
)
_FRAMES_SHOWN = 3


@dataclass(frozen=True)
class LogLine:
    """What one line says.

    Attributes:
        event: What happened; the whole line where it is no entry of structlog.
        level: "info", "error" and so on; empty where the line names none.
        trace_id: The W3C trace that it belongs to, as hexadecimal digits, or empty.
        fields: The entry's other values.
        errors: The exception and its places, one line each, the cause last.
    """

    event: str
    level: str = ""
    trace_id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def render(self) -> str:
        """Write the line for people: level, event, fields, then the exception below."""
        values = " ".join(f"{name}={value}" for name, value in self.fields.items())
        first = " ".join(part for part in (self.level, self.event, values) if part)
        return "\n".join((first, *(f"  {error}" for error in self.errors)))


def parse(text: str) -> LogLine:
    """Understand a line; one that is no JSON object is an event of its own."""
    if not text.startswith("{"):
        return LogLine(text)
    try:
        entry = json.loads(text)
        # Half a character, which JSON can name, cannot be written as text.
        json.dumps(entry, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return LogLine(text)
    if not isinstance(entry, dict) or "event" not in entry:
        return LogLine(text)
    return LogLine(
        event=str(entry["event"]),
        level=str(entry.get("level", "")),
        trace_id=str(entry.get("trace_id", "")),
        fields={str(k): _value(v) for k, v in entry.items() if k not in _TOLD_ELSEWHERE},
        errors=tuple(_errors(entry.get("exception"))),
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _errors(exception: object) -> list[str]:
    if isinstance(exception, str):
        return exception.splitlines()
    if not isinstance(exception, list):
        return []
    chain = [link for link in exception if isinstance(link, dict)]
    return [line for link in chain for line in _error(link)]


def _error(link: Mapping[str, object]) -> list[str]:
    frames = link.get("frames")
    frames = [f for f in frames if isinstance(f, dict)] if isinstance(frames, list) else []
    places = [
        f"  at {frame.get('filename')}:{frame.get('lineno')} in {frame.get('name')}"
        for frame in frames[-_FRAMES_SHOWN:]
    ]
    return [f"{link.get('exc_type')}: {link.get('exc_value')}", *places]
