"""Frames to records and back: a key, headers and a value.

A record's headers keep their order. Those whose name begins with a colon steer the protocol; a
reader ignores those that it does not know, so that later ones do no harm. In a RESPONSE what
stands before `grpc-status` is initial metadata, what stands after it is trailing metadata.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from functools import lru_cache

from grpc_kafka.protocol._errors import MalformedRecordError
from grpc_kafka.protocol._frames import (
    CALL_ID_LENGTH,
    Address,
    Arity,
    Cancel,
    Frame,
    FrameKind,
    Part,
    Request,
    Response,
)
from grpc_kafka.protocol._headers import (
    VERSION,
    Encoded,
    Headers,
    deadline_header,
    deadline_of,
    lead,
    number_of,
    status_headers,
    status_of,
    text_header,
    text_of,
    value_of,
)
from grpc_kafka.protocol._metadata import RESERVED, from_header, to_headers
from grpc_kafka.protocol._sharing import read_responses
from grpc_kafka.protocol._stream_wire import STREAM_READERS, read_ping


def encode_part(frame: Part) -> Encoded:
    """The record of a PART."""
    headers = lead(
        FrameKind.PART,
        (":source", frame.source.encode()),
        (":sequence", b"%d" % frame.sequence),
    )
    return Encoded(frame.call_id, headers, frame.message)


def encode_request(frame: Request) -> Encoded:
    """The record of a REQUEST."""
    headers = lead(
        FrameKind.REQUEST,
        text_header(":path", frame.path),
        _reply_to_header(frame.reply_to),
    )
    message: bytes | None = frame.message
    if frame.arity is not Arity.UNARY_UNARY:
        headers.append((":arity", frame.arity.encode()))
        message = None if frame.arity.request_streaming else message
    if frame.parts:
        headers.append((":parts", b"%d" % frame.parts))
    if frame.deadline is not None:
        headers.append(deadline_header(frame.deadline))
    if frame.metadata:
        headers += to_headers(frame.metadata)
    return Encoded(frame.call_id, headers, message)


# A process has one address, and says it with every call.
@lru_cache(maxsize=1024)
def _reply_to_header(address: Address) -> tuple[str, bytes]:
    return ":reply-to", str(address).encode()


def encode_response(frame: Response) -> Encoded:
    """The record of a RESPONSE."""
    headers = lead(FrameKind.RESPONSE, text_header(":to", frame.to))
    if frame.parts:
        headers += [(":source", frame.source.encode()), (":parts", b"%d" % frame.parts)]
    if frame.initial_metadata:
        headers += to_headers(frame.initial_metadata)
    headers += status_headers(frame.status, frame.details)
    if frame.trailing_metadata:
        headers += to_headers(frame.trailing_metadata)
    return Encoded(frame.call_id, headers, None if frame.status else frame.message)


def encode_cancel(frame: Cancel) -> Encoded:
    """The record of a CANCEL."""
    to = [(":to", frame.to.encode())] if frame.to else []
    return Encoded(frame.call_id, lead(FrameKind.CANCEL, *to), None)


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
    path = text_of(headers, 2, ":path")
    reply_to = Address.parse(text_of(headers, 3, ":reply-to"))
    deadline: float | None = None
    arity = Arity.UNARY_UNARY
    parts = 0
    metadata = []
    for name, raw in headers[4:]:
        given = value_of(name, raw)
        if name == "grpc-timeout":
            deadline = deadline_of(given)
        elif name == ":arity":
            arity = _arity_of(given)
        elif name == ":parts":
            parts = number_of(name, given)
        elif name not in RESERVED and not name.startswith(":"):
            metadata.append(from_header(name, given))
    if arity is not Arity.UNARY_UNARY and arity.request_streaming:
        value = b""
    if value is None:
        raise MalformedRecordError("a REQUEST without a message")
    return Request(key, path, reply_to, deadline, tuple(metadata), value, arity, parts)


def _arity_of(raw: bytes) -> Arity:
    try:
        return _ARITIES[raw]
    except KeyError:
        raise MalformedRecordError(f"{reprlib.repr(raw)} is no arity") from None


def _decode_response(key: bytes, headers: Headers, value: bytes | None) -> Response:
    to = text_of(headers, 2, ":to")
    status: int | None = None
    details, source, parts = "", "", 0
    initial: list[tuple[str, str | bytes]] = []
    trailing: list[tuple[str, str | bytes]] = []
    for name, raw in headers[3:]:
        given = value_of(name, raw)
        if name == "grpc-status":
            status = status_of(given)
        elif name == "grpc-message":
            details = given.decode("utf-8", "replace")
        elif name == ":parts":
            parts = number_of(name, given)
        elif name == ":source":
            source = given.decode("utf-8", "replace")
        elif name not in RESERVED and not name.startswith(":"):
            (initial if status is None else trailing).append(from_header(name, given))
    if status is None or (status == 0 and value is None):
        raise MalformedRecordError("a RESPONSE without a status, or OK without a message")
    # There is a message with OK only, and a source with parts only.
    message = value if value and not status else b""
    source = source if parts else ""
    return Response(
        key, to, tuple(initial), status, details, tuple(trailing), message, parts, source
    )


def _decode_part(key: bytes, headers: Headers, value: bytes | None) -> Part:
    if not value:
        raise MalformedRecordError("a PART without a part")
    source = text_of(headers, 2, ":source")
    sequence = number_of(":sequence", text_of(headers, 3, ":sequence").encode())
    return Part(key, source, sequence, value)


def _decode_cancel(key: bytes, headers: Headers, _value: bytes | None) -> Cancel:
    addressed = any(name == ":to" for name, _ in headers[2:3])
    return Cancel(key, text_of(headers, 2, ":to") if addressed else "")


_LEADERS = (":version", ":frame")
_ARITIES = {arity.encode(): arity for arity in Arity}
_READERS: dict[bytes | None, Callable[[bytes, Headers, bytes | None], Frame]] = {
    FrameKind.PART.encode(): _decode_part,
    FrameKind.REQUEST.encode(): _decode_request,
    FrameKind.RESPONSE.encode(): _decode_response,
    FrameKind.RESPONSES.encode(): read_responses,
    FrameKind.CANCEL.encode(): _decode_cancel,
    FrameKind.PING.encode(): read_ping,
}
_READERS |= STREAM_READERS
