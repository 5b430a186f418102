"""Answers that share a record: small ones that are OK and say nothing else, to one process."""

from __future__ import annotations

import struct
from typing import NamedTuple

from grpc_kafka.protocol._dead_letter import Letter
from grpc_kafka.protocol._errors import MalformedRecordError
from grpc_kafka.protocol._frames import CALL_ID_LENGTH, FrameKind, Response, Responses
from grpc_kafka.protocol._headers import (
    Encoded,
    Headers,
    lead,
    status_headers,
    text_header,
    text_of,
)
from grpc_kafka.protocol._parts import SHARED

_HEAD = struct.Struct(f">{CALL_ID_LENGTH}sI")
_OK = status_headers(0, "")


class Plain(NamedTuple):
    """A RESPONSE that may share a record: OK, small, without metadata or details.

    It is a record as well, its own, for whoever does not have it share one.
    """

    call_id: bytes
    to: str
    message: bytes

    @property
    def key(self) -> bytes:
        """The key of its own record."""
        return self.call_id

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of its own record."""
        return lead(FrameKind.RESPONSE, text_header(":to", self.to), *_OK)

    @property
    def value(self) -> bytes:
        """The value of its own record."""
        return self.message

    @property
    def size(self) -> int:
        """The bytes that it takes of a record that it shares."""
        return _HEAD.size + len(self.message)


type Sendable = Encoded | Letter | Plain
"""What can be written as a record: it has a key, headers and a value."""


def plain_of(frame: Response) -> Plain | None:
    """A RESPONSE as one that may share a record; None when it says more, or too much."""
    call_id, to, initial, status, details, trailing, message, parts, _ = frame
    if status or details or initial or trailing or parts or len(message) > SHARED // 2:
        return None
    return Plain(call_id, to, message)


def encode_responses(frame: Responses) -> Encoded:
    """The record of RESPONSES."""
    pieces: list[bytes] = []
    for call_id, message in frame.answers:
        pieces += (_HEAD.pack(call_id, len(message)), message)
    headers = lead(FrameKind.RESPONSES, text_header(":to", frame.to))
    return Encoded(frame.call_id, headers, b"".join(pieces))


def read_responses(key: bytes, headers: Headers, value: bytes | None) -> Responses:
    """Read RESPONSES."""
    to = text_of(headers, 2, ":to")
    answers: list[tuple[bytes, bytes]] = []
    raw = value or b""
    end, last = 0, len(raw) - _HEAD.size
    while end <= last:
        call_id, size = _HEAD.unpack_from(raw, end)
        begin = end + _HEAD.size
        end = begin + size
        answers.append((call_id, raw[begin:end]))
    if not answers or end != len(raw):
        raise MalformedRecordError("RESPONSES whose value is not a list of answers")
    return Responses(key, to, tuple(answers))
