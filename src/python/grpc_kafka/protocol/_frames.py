"""The vocabulary of the wire: frame kinds, addresses and the frames of a unary call."""

from __future__ import annotations

import re
import reprlib
from enum import StrEnum
from typing import NamedTuple

from grpc_kafka.protocol._errors import MalformedRecordError

type Metadata = tuple[tuple[str, str | bytes], ...]
"""Metadata in its order: values of `-bin` keys are bytes, all others printable ASCII text."""

CALL_ID_LENGTH = 16
"""Bytes of a call id, the key of all records of a call: random, so nobody guesses another's."""


class FrameKind(StrEnum):
    """Every kind of frame; the value is its name on the wire."""

    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"
    CANCEL = "CANCEL"
    ACCEPT = "ACCEPT"
    MESSAGE = "MESSAGE"
    HALF_CLOSE = "HALF_CLOSE"
    WINDOW = "WINDOW"
    TRAILERS = "TRAILERS"
    PING = "PING"


class Address(NamedTuple):
    """Where a process hears: a partition of an inbox topic, and who of its readers is meant."""

    topic: str
    partition: int
    instance: str

    def __str__(self) -> str:
        """The address as it stands on the wire: `topic/partition/instance`."""
        return f"{self.topic}/{self.partition}/{self.instance}"

    @classmethod
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


class Request(NamedTuple):
    """The first record of a call, from a client's process to the queue of a service.

    `deadline` is in seconds since the epoch; None means the call may take for ever.
    """

    call_id: bytes
    path: str
    reply_to: Address
    deadline: float | None
    metadata: Metadata
    message: bytes


class Response(NamedTuple):
    """The one answer to a unary call: its status, and a message when that is 0 (OK)."""

    call_id: bytes
    to: str
    initial_metadata: Metadata
    status: int
    details: str
    trailing_metadata: Metadata
    message: bytes


class Cancel(NamedTuple):
    """The client no longer wants an answer; sent where the call's last frame went."""

    call_id: bytes


type Frame = Request | Response | Cancel

_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_NUMBER = re.compile(r"[0-9]+")
_INSTANCE = re.compile(r"[a-zA-Z0-9._-]{1,64}")
_PARTITION_DIGITS = 10
_LAST_PARTITION = 2**31 - 1
