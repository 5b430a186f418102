"""The vocabulary of the wire: frame kinds, addresses and frames."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from grpc_kafka.protocol._errors import MalformedRecordError

type Metadata = tuple[tuple[str, str | bytes], ...]
"""Metadata in its order: values of `-bin` keys are bytes, all others printable ASCII text."""

CALL_ID_LENGTH = 16
"""Bytes of a call id, the key of all records of a call: random, so nobody guesses another's."""


class FrameKind(StrEnum):
    """Every kind of frame; the value is its name on the wire."""

    PART = "PART"
    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"
    RESPONSES = "RESPONSES"
    CANCEL = "CANCEL"
    ACCEPT = "ACCEPT"
    HEADERS = "HEADERS"
    MESSAGE = "MESSAGE"
    HALF_CLOSE = "HALF_CLOSE"
    WINDOW = "WINDOW"
    TRAILERS = "TRAILERS"
    PING = "PING"


class Arity(StrEnum):
    """How many messages go each way, in the names that grpcio has for it."""

    UNARY_UNARY = "unary_unary"
    UNARY_STREAM = "unary_stream"
    STREAM_UNARY = "stream_unary"
    STREAM_STREAM = "stream_stream"

    @property
    def request_streaming(self) -> bool:
        """Whether the client's messages come after its REQUEST, in frames of their own."""
        return self in (Arity.STREAM_UNARY, Arity.STREAM_STREAM)


class Address(NamedTuple):
    """Where a process hears: a partition of an inbox topic, and who of its readers is meant.

    A server's process may take a stream more than once, when the partition of its request leaves
    and comes back. Each run has an address of its own: that of the process, with a number.
    """

    topic: str
    partition: int
    instance: str

    def __str__(self) -> str:
        """The address as it stands on the wire: `topic/partition/instance`."""
        return f"{self.topic}/{self.partition}/{self.instance}"

    def of_run(self, number: int) -> Address:
        """The address of one run of a stream in this process."""
        return self._replace(instance=f"{self.instance}{_RUN}{number}")

    @property
    def process(self) -> Address:
        """The address of the process that this one is in, be it a run's or the process's own."""
        return self._replace(instance=self.instance.partition(_RUN)[0])

    def is_inbox_of(self, lane: str) -> bool:
        """Whether it is an inbox of a lane: nothing else is written to at another's word."""
        return self.topic.startswith(f"{lane}.") and self.topic.endswith(".inbox")

    @classmethod
    # The same few come with every call.
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Address:
        """Read an address as `str` writes it.

        Raises:
            MalformedRecordError: the text is no address.
        """
        topic, _, rest = text.partition("/")
        partition, _, instance = rest.partition("/")
        if not (_TOPIC.fullmatch(topic) and _NUMBER.fullmatch(partition)) or (
            not _INSTANCE.fullmatch(instance)
        ):
            said = reprlib.repr(text)
            raise MalformedRecordError(f"{said} is no address (topic/partition/instance)")
        if len(partition) > _PARTITION_DIGITS or int(partition) > _LAST_PARTITION:
            raise MalformedRecordError(f"{reprlib.repr(text)} names a partition that cannot be")
        return cls(topic, int(partition), instance)


class Part(NamedTuple):
    """A part of a message that is larger than a record.

    Parts go ahead of the REQUEST or RESPONSE that has the message's end, the same way and under
    the same key. `source` is the instance that sends them, `sequence` their number from 0.
    """

    call_id: bytes
    source: str
    sequence: int
    message: bytes


class Request(NamedTuple):
    """The record that begins a call, from a client's process to the queue of a service.

    `deadline` is in seconds since the epoch; None means the call may take for ever. Unless the
    requests stream, it carries the one message, or its end behind so many `parts`.
    """

    call_id: bytes
    path: str
    reply_to: Address
    deadline: float | None
    metadata: Metadata
    message: bytes
    arity: Arity = Arity.UNARY_UNARY
    parts: int = 0


class Response(NamedTuple):
    """The one answer to a unary call: its status, and a message when that is 0 (OK).

    A message larger than a record begins in so many `parts`, which come from the same `source`.
    """

    call_id: bytes
    to: str
    initial_metadata: Metadata
    status: int
    details: str
    trailing_metadata: Metadata
    message: bytes
    parts: int = 0
    source: str = ""


class Responses(NamedTuple):
    """Several answers, each of them OK and without metadata, to calls of one process.

    Its key is the process's, as that of PING; `answers` are call ids, each with its message.
    """

    call_id: bytes
    to: str
    answers: tuple[tuple[bytes, bytes], ...]

    def apart(self) -> Iterator[Response]:
        """Each answer as the RESPONSE that it is."""
        for call_id, message in self.answers:
            yield Response(call_id, self.to, (), 0, "", (), message)


class Cancel(NamedTuple):
    """The client no longer wants an answer.

    It goes behind the REQUEST into the queue, or, once a server has accepted the stream, to the
    inbox of the server's process, which `to` names then.
    """

    call_id: bytes
    to: str = ""


class Accept(NamedTuple):
    """A server's process takes a stream, hears at `reply_to`, and gives credit for requests."""

    call_id: bytes
    to: str
    sequence: int
    reply_to: Address
    credit: int


class InitialMetadata(NamedTuple):
    """What a server says before the first message of a stream; the frame's kind is HEADERS."""

    call_id: bytes
    to: str
    sequence: int
    metadata: Metadata


class Message(NamedTuple):
    """A message of a stream, or a part of one: `more` follows; or several, cut by their `sizes`."""

    call_id: bytes
    to: str
    sequence: int
    message: bytes
    more: bool = False
    sizes: tuple[int, ...] = ()


class HalfClose(NamedTuple):
    """The client has no more messages; may give credit too."""

    call_id: bytes
    to: str
    sequence: int
    credit: int = 0


class Window(NamedTuple):
    """More credit for the other end."""

    call_id: bytes
    to: str
    sequence: int
    credit: int


class Trailers(NamedTuple):
    """The end of a stream: its status.

    `source` is the run that ends it: where a request was delivered twice, one that was not
    confirmed must not end the stream of the one that was.
    """

    call_id: bytes
    to: str
    sequence: int
    source: str
    status: int
    details: str
    metadata: Metadata


class Ping(NamedTuple):
    """A process with a stream to the other one lives; its key names no call."""

    call_id: bytes
    to: str
    reply_to: Address


type StreamFrame = Accept | InitialMetadata | Message | HalfClose | Window | Trailers
"""Frames that are numbered: they go from inbox to inbox."""

type Frame = Part | Request | Response | Responses | Cancel | StreamFrame | Ping

_RUN = "."
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_NUMBER = re.compile(r"[0-9]+")
_INSTANCE = re.compile(r"[a-zA-Z0-9._-]{1,64}")
_PARTITION_DIGITS = 10
_LAST_PARTITION = 2**31 - 1

_KINDS: dict[type, FrameKind] = {
    Part: FrameKind.PART,
    Request: FrameKind.REQUEST,
    Response: FrameKind.RESPONSE,
    Responses: FrameKind.RESPONSES,
    Cancel: FrameKind.CANCEL,
    Accept: FrameKind.ACCEPT,
    InitialMetadata: FrameKind.HEADERS,
    Message: FrameKind.MESSAGE,
    HalfClose: FrameKind.HALF_CLOSE,
    Window: FrameKind.WINDOW,
    Trailers: FrameKind.TRAILERS,
    Ping: FrameKind.PING,
}


def kind_of(frame: Frame) -> FrameKind:
    """The kind of a frame."""
    return _KINDS[type(frame)]


def key_of(instance: str) -> bytes:
    """The key of records that are a process's and no call's: its readers know them by it."""
    return instance.encode()[:CALL_ID_LENGTH].ljust(CALL_ID_LENGTH, b"\0")
