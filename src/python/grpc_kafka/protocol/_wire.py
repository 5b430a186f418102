"""Frames to records and back: a key, headers and a value.

A record's headers keep their order. Those whose name begins with a colon steer the protocol; a
reader ignores those that it does not know, so that later ones do no harm. In a RESPONSE what
stands before `grpc-status` is initial metadata, what stands after it is trailing metadata.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from grpc_kafka.protocol._errors import MalformedRecordError
from grpc_kafka.protocol._frames import (
    CALL_ID_LENGTH,
    Address,
    Cancel,
    Frame,
    FrameKind,
    Request,
    Response,
)
from grpc_kafka.protocol._metadata import RESERVED, from_header, to_headers

type Headers = Sequence[tuple[str, bytes | None]]
"""Record headers as a broker hands them over, in their order."""

VERSION = b"1"
"""The protocol's version, the value of the `:version` header of every record."""

_MICROSECONDS = 1_000_000
_LAST_DEADLINE = 2**63 - 1
_STATUSES = {b"%d" % code: code for code in range(17)}


class Encoded(NamedTuple):
    """A frame as a record: key, headers in their order, and value (None: no message at all)."""

    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes | None


def encode_request(frame: Request) -> Encoded:
    """The record of a REQUEST."""
    headers = [
        (":version", VERSION),
        (":frame", b"REQUEST"),
        (":path", frame.path.encode()),
        (":reply-to", str(frame.reply_to).encode()),
    ]
    if frame.deadline is not None:
        headers.append(("grpc-timeout", b"%d" % int(frame.deadline * _MICROSECONDS)))
    headers += to_headers(frame.metadata)
    return Encoded(frame.call_id, headers, frame.message)


def encode_response(frame: Response) -> Encoded:
    """The record of a RESPONSE."""
    headers = [
        (":version", VERSION),
        (":frame", b"RESPONSE"),
        (":to", frame.to.encode()),
        *to_headers(frame.initial_metadata),
        ("grpc-status", b"%d" % frame.status),
    ]
    if frame.details:
        headers.append(("grpc-message", frame.details.encode("utf-8", "replace")))
    headers += to_headers(frame.trailing_metadata)
    return Encoded(frame.call_id, headers, None if frame.status else frame.message)


def encode_cancel(frame: Cancel) -> Encoded:
    """The record of a CANCEL."""
    return Encoded(frame.call_id, [(":version", VERSION), (":frame", b"CANCEL")], None)


def decode(key: bytes | None, headers: Headers | None, value: bytes | None) -> Frame:
    """Read a record as the frame that it is.

    Raises:
        MalformedRecordError: it is none, or of another version, or of a kind without a reader.
    """
    if key is None or len(key) != CALL_ID_LENGTH:
        raise MalformedRecordError(f"its key is no call id of {CALL_ID_LENGTH} bytes")
    if headers is None or len(headers) < len(_LEADERS):
        raise MalformedRecordError("it has no headers that name a version and a frame")
    (first, version), (second, kind) = headers[0], headers[1]
    if (first, second) != _LEADERS or version != VERSION:
        raise MalformedRecordError(f"its version is not {VERSION.decode()}")
    reader = _READERS.get(kind)
    if reader is None:
        raise MalformedRecordError(f"its frame {reprlib.repr(kind)} is not known here")
    return reader(key, headers, value)


def _decode_request(key: bytes, headers: Headers, value: bytes | None) -> Request:
    path = _required(headers, 2, ":path")
    reply_to = Address.parse(_required(headers, 3, ":reply-to"))
    deadline: float | None = None
    metadata = []
    for name, raw in headers[4:]:
        if raw is None:
            raise MalformedRecordError(f"its header {reprlib.repr(name)} has no value")
        if name == "grpc-timeout":
            deadline = _deadline(raw)
        elif name not in RESERVED and not name.startswith(":"):
            metadata.append(from_header(name, raw))
    if value is None:
        raise MalformedRecordError("a REQUEST without a message")
    return Request(key, path, reply_to, deadline, tuple(metadata), value)


def _decode_response(key: bytes, headers: Headers, value: bytes | None) -> Response:
    to = _required(headers, 2, ":to")
    status: int | None = None
    details = ""
    initial: list[tuple[str, str | bytes]] = []
    trailing: list[tuple[str, str | bytes]] = []
    for name, raw in headers[3:]:
        if raw is None:
            raise MalformedRecordError(f"its header {reprlib.repr(name)} has no value")
        if name == "grpc-status":
            status = _status(raw)
        elif name == "grpc-message":
            details = raw.decode("utf-8", "replace")
        elif not name.startswith(":"):
            (initial if status is None else trailing).append(from_header(name, raw))
    if status is None or (status == 0 and value is None):
        raise MalformedRecordError("a RESPONSE without a status, or OK without a message")
    return Response(key, to, tuple(initial), status, details, tuple(trailing), value or b"")


def _decode_cancel(key: bytes, _headers: Headers, _value: bytes | None) -> Cancel:
    return Cancel(key)


def _required(headers: Headers, place: int, name: str) -> str:
    found, raw = headers[place] if place < len(headers) else ("", None)
    if found != name or not raw:
        raise MalformedRecordError(f"its header {place + 1} is not {name!r} with a value")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedRecordError(f"its header {name!r} is not UTF-8") from None


def _deadline(raw: bytes) -> float:
    if not raw.isdigit() or len(raw) > len(str(_LAST_DEADLINE)):
        raise MalformedRecordError(
            f"{reprlib.repr(raw)} is no deadline in microseconds since the epoch"
        )
    return int(raw) / _MICROSECONDS


def _status(raw: bytes) -> int:
    try:
        return _STATUSES[raw]
    except KeyError:
        raise MalformedRecordError(f"{reprlib.repr(raw)} is no gRPC status code") from None


_LEADERS = (":version", ":frame")
_READERS: dict[bytes | None, Callable[[bytes, Headers, bytes | None], Frame]] = {
    FrameKind.REQUEST.encode(): _decode_request,
    FrameKind.RESPONSE.encode(): _decode_response,
    FrameKind.CANCEL.encode(): _decode_cancel,
}
