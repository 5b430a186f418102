"""The headers of a record: what all frames have in common, and how values are written."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from grpc_kafka.protocol._errors import MalformedRecordError
from grpc_kafka.protocol._frames import FrameKind

type Headers = Sequence[tuple[str, bytes | None]]
"""Record headers as a broker hands them over, in their order."""

VERSION = b"1"
"""The protocol's version, the value of the `:version` header of every record."""

_MICROSECONDS = 1_000_000
# In the year 2255; from here on a float does not tell one microsecond from the next.
_LAST_DEADLINE = 2**53
_LAST_NUMBER = 2**63 - 1
_DIGITS = len(str(_LAST_NUMBER))
_STATUSES = {b"%d" % code: code for code in range(17)}
_LEADS = {kind: [(":version", VERSION), (":frame", kind.encode())] for kind in FrameKind}


class Encoded(NamedTuple):
    """A frame as a record: key, headers in their order, and value (None: no message at all)."""

    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes | None


def lead(kind: FrameKind, *headers: tuple[str, bytes]) -> list[tuple[str, bytes]]:
    """The headers that a frame of a kind begins with, and further ones."""
    return [*_LEADS[kind], *headers]


def text_of(headers: Headers, place: int, name: str) -> str:
    """The text of the header that must stand at this place.

    Raises:
        MalformedRecordError: it does not, is empty, or is no UTF-8.
    """
    found, raw = headers[place] if place < len(headers) else ("", None)
    if found != name or not raw:
        raise MalformedRecordError(f"its header {place + 1} is not {name!r} with a value")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedRecordError(f"its header {name!r} is not UTF-8") from None


def number_of(name: str, raw: bytes) -> int:
    """A header's value as a number that is not negative.

    Raises:
        MalformedRecordError: it is none.
    """
    number = int(raw) if len(raw) <= _DIGITS and raw.isdigit() else _LAST_NUMBER + 1
    if number > _LAST_NUMBER:
        raise MalformedRecordError(f"its header {name!r} is no number: {reprlib.repr(raw)}")
    return number


def value_of(name: str, raw: bytes | None) -> bytes:
    """A header's value, which must be there.

    Raises:
        MalformedRecordError: it is not.
    """
    if raw is None:
        raise MalformedRecordError(f"its header {reprlib.repr(name)} has no value")
    return raw


def deadline_of(raw: bytes) -> float | None:
    """Seconds since the epoch, of microseconds; None past what all clocks can tell.

    Raises:
        MalformedRecordError: it is no number.
    """
    microseconds = number_of("grpc-timeout", raw)
    return microseconds / _MICROSECONDS if microseconds < _LAST_DEADLINE else None


def deadline_header(seconds: float) -> tuple[str, bytes]:
    """The header of an absolute deadline, in seconds since the epoch."""
    return "grpc-timeout", b"%d" % round(seconds * _MICROSECONDS)


def status_of(raw: bytes) -> int:
    """A status code.

    Raises:
        MalformedRecordError: it is none of gRPC's.
    """
    try:
        return _STATUSES[raw]
    except KeyError:
        raise MalformedRecordError(f"{reprlib.repr(raw)} is no gRPC status code") from None


# The same few are written with every call; they are made once.
@lru_cache(maxsize=1024)
def text_header(name: str, text: str) -> tuple[str, bytes]:
    """A header whose value is a text that comes again and again: a path, a process."""
    return name, text.encode()


@lru_cache(maxsize=64)
def _status_header(status: int) -> tuple[str, bytes]:
    return "grpc-status", b"%d" % status


def status_headers(status: int, details: str) -> list[tuple[str, bytes]]:
    """The headers of a status and its text."""
    headers = [_status_header(status)]
    if details:
        headers.append(("grpc-message", details.encode("utf-8", "replace")))
    return headers
