"""A record that was set aside: what it was, and why, when and from where it was taken.

A dead letter has the key, the headers and the value of its record, and three headers more. A
record with the header `:dead-done` beside it in the partition says that the letter at that offset
needs nobody's attention any more.
"""

from __future__ import annotations

from typing import NamedTuple

from grpc_kafka.protocol._headers import Headers

_PREFIX = ":dead-"
_REASON, _SOURCE, _AT, _DONE = ":dead-reason", ":dead-source", ":dead-at", ":dead-done"
_MICROSECONDS = 1_000_000
_REASON_KEPT = 1000


class Letter(NamedTuple):
    """A record of any origin: unlike a frame's it may lack a key, and values of headers."""

    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    value: bytes | None


class Death(NamedTuple):
    """What is said of a record that was set aside.

    Attributes:
        reason: why, for people.
        source: where it was: `topic/partition/offset`.
        at: when it was set aside, seconds since the epoch.

    """

    reason: str
    source: str
    at: float


def letter_of(
    key: bytes | None, headers: Headers | None, value: bytes | None, death: Death
) -> Letter:
    """The dead letter of a record."""
    said = [
        (_REASON, death.reason[:_REASON_KEPT].encode("utf-8", "replace")),
        (_SOURCE, death.source.encode()),
        (_AT, b"%d" % int(death.at * _MICROSECONDS)),
    ]
    return Letter(key, [*original_of(headers), *said], value)


def original_of(headers: Headers | None) -> list[tuple[str, bytes | None]]:
    """The headers that a dead letter's record had."""
    return [each for each in headers or () if not each[0].startswith(_PREFIX)]


def death_of(headers: Headers | None) -> Death | None:
    """What a dead letter says of itself; None when the record is none."""
    found = dict(headers or ())
    at, source = found.get(_AT) or b"", found.get(_SOURCE) or b""
    if not at.isdigit() or not source:
        return None
    reason = (found.get(_REASON) or b"").decode("utf-8", "replace")
    return Death(reason, source.decode("utf-8", "replace"), int(at) / _MICROSECONDS)


def done_with(offset: int) -> Letter:
    """The record that says that the letter at an offset of its partition is done with."""
    return Letter(None, [(_DONE, b"%d" % offset)], None)


def done_of(headers: Headers | None) -> int | None:
    """The offset that such a record speaks of; None for any other record."""
    raw = dict(headers or ()).get(_DONE) or b""
    return int(raw) if raw.isdigit() else None
