"""The frames that go from inbox to inbox, to records and back; see `_wire` for the others.

Each is for one process (`:to`) and, save PING, has a number in its direction (`:sequence`).
"""

from __future__ import annotations

import reprlib
import struct
from collections.abc import Callable, Mapping

from grpc_kafka.protocol._errors import MalformedRecordError
from grpc_kafka.protocol._frames import (
    Accept,
    Address,
    FrameKind,
    HalfClose,
    InitialMetadata,
    Message,
    Metadata,
    Ping,
    StreamFrame,
    Trailers,
    Window,
)
from grpc_kafka.protocol._headers import (
    Encoded,
    Headers,
    lead,
    number_of,
    status_headers,
    status_of,
    text_of,
    value_of,
)
from grpc_kafka.protocol._metadata import RESERVED, from_header, to_headers

_FIRST_OWN = 4
_SIZE_BYTES = 4


def encode_stream(frame: StreamFrame) -> Encoded:
    """The record of a numbered frame."""
    kind, own, value = _parts_of(frame)
    to = (":to", frame.to.encode())
    return Encoded(frame.call_id, lead(kind, to, _number(":sequence", frame.sequence), *own), value)


def encode_ping(frame: Ping) -> Encoded:
    """The record of a PING."""
    to = (":to", frame.to.encode())
    return Encoded(
        frame.call_id,
        lead(FrameKind.PING, to, (":reply-to", str(frame.reply_to).encode())),
        None,
    )


def _parts_of(frame: StreamFrame) -> tuple[FrameKind, list[tuple[str, bytes]], bytes | None]:
    match frame:
        case Message():
            return FrameKind.MESSAGE, _of_message(frame), frame.message
        case Window():
            return FrameKind.WINDOW, [_number(":credit", frame.credit)], None
        case HalfClose():
            return FrameKind.HALF_CLOSE, [_number(":credit", frame.credit)], None
        case Accept():
            home = (":reply-to", str(frame.reply_to).encode())
            return FrameKind.ACCEPT, [home, _number(":credit", frame.credit)], None
        case InitialMetadata():
            return FrameKind.HEADERS, to_headers(frame.metadata), None
        case _:
            source = (":source", frame.source.encode())
            status = status_headers(frame.status, frame.details)
            return FrameKind.TRAILERS, [source, *status, *to_headers(frame.metadata)], None


def _of_message(frame: Message) -> list[tuple[str, bytes]]:
    if frame.more:
        return [(":more", b"1")]
    if frame.sizes:
        return [(":sizes", struct.pack(f">{len(frame.sizes)}I", *frame.sizes))]
    return []


def _number(name: str, value: int) -> tuple[str, bytes]:
    return name, b"%d" % value


class _Reader:
    """Reads what numbered frames have in common, and hands the rest on."""

    def __init__(self, key: bytes, headers: Headers, value: bytes | None) -> None:
        self.key = key
        self.to = text_of(headers, 2, ":to")
        self.sequence = number_of(":sequence", text_of(headers, 3, ":sequence").encode())
        self.own = headers[_FIRST_OWN:]
        self.value = value

    def named(self, name: str) -> bytes | None:
        """The first of its own headers of a name."""
        return next((value_of(name, raw) for found, raw in self.own if found == name), None)

    def credit(self) -> int:
        """The credit that it gives."""
        raw = self.named(":credit")
        if raw is None:
            raise MalformedRecordError("it says nothing of its credit")
        return number_of(":credit", raw)

    def metadata(self) -> Metadata:
        """Its metadata."""
        return tuple(
            from_header(name, value_of(name, raw))
            for name, raw in self.own
            if not name.startswith(":") and name not in RESERVED
        )


def _message(read: _Reader) -> Message:
    if read.value is None:
        raise MalformedRecordError("a MESSAGE without a message")
    more = read.named(":more") is not None
    if more and not read.value:
        raise MalformedRecordError("a part of a MESSAGE without bytes")
    sizes = _sizes_of(read.named(":sizes") or b"")
    if sizes and (more or sum(sizes) != len(read.value)):
        raise MalformedRecordError("a MESSAGE whose sizes are not those of its messages")
    return Message(read.key, read.to, read.sequence, read.value, more, sizes)


def _sizes_of(raw: bytes) -> tuple[int, ...]:
    count, rest = divmod(len(raw), _SIZE_BYTES)
    if rest:
        raise MalformedRecordError(f"its header ':sizes' is no list of sizes: {reprlib.repr(raw)}")
    return struct.unpack(f">{count}I", raw)


def _window(read: _Reader) -> Window:
    return Window(read.key, read.to, read.sequence, read.credit())


def _half_close(read: _Reader) -> HalfClose:
    return HalfClose(read.key, read.to, read.sequence, read.credit())


def _accept(read: _Reader) -> Accept:
    home = (read.named(":reply-to") or b"").decode("ascii", "replace")
    return Accept(read.key, read.to, read.sequence, Address.parse(home), read.credit())


def _initial_metadata(read: _Reader) -> InitialMetadata:
    return InitialMetadata(read.key, read.to, read.sequence, read.metadata())


def _trailers(read: _Reader) -> Trailers:
    status = status_of(read.named("grpc-status") or b"")
    details = (read.named("grpc-message") or b"").decode("utf-8", "replace")
    source = (read.named(":source") or b"").decode("utf-8", "replace")
    if not source:
        raise MalformedRecordError("it does not say who ends the stream")
    return Trailers(read.key, read.to, read.sequence, source, status, details, read.metadata())


def read_ping(key: bytes, headers: Headers, _value: bytes | None) -> Ping:
    """Read a PING."""
    to = text_of(headers, 2, ":to")
    return Ping(key, to, Address.parse(text_of(headers, 3, ":reply-to")))


def _reader_of(
    make: Callable[[_Reader], StreamFrame],
) -> Callable[[bytes, Headers, bytes | None], StreamFrame]:
    return lambda key, headers, value: make(_Reader(key, headers, value))


STREAM_READERS: Mapping[bytes | None, Callable[[bytes, Headers, bytes | None], StreamFrame]] = {
    FrameKind.ACCEPT.encode(): _reader_of(_accept),
    FrameKind.HEADERS.encode(): _reader_of(_initial_metadata),
    FrameKind.MESSAGE.encode(): _reader_of(_message),
    FrameKind.HALF_CLOSE.encode(): _reader_of(_half_close),
    FrameKind.WINDOW.encode(): _reader_of(_window),
    FrameKind.TRAILERS.encode(): _reader_of(_trailers),
}
