"""What can be wrong with a record or with a move of a call.

GrpcKafkaError
├── ProtocolError
│   ├── MalformedRecordError      a record that is no frame of this protocol
│   ├── UnexpectedFrameError      a frame that its call does not allow now
│   ├── MissingFrameError         a frame before the one that came was lost
│   ├── CreditExceededError       a message came that there was no credit for
│   ├── CreditOverflowError       more credit was given than there can be
│   └── InvalidMetadataError      metadata that gRPC does not allow
└── BrokerError (grpc_kafka)      the broker refused, or could not be reached
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc_kafka.protocol._frames import FrameKind
    from grpc_kafka.protocol._moves import State


class GrpcKafkaError(Exception):
    """The root of everything that this library raises of its own."""


class ProtocolError(GrpcKafkaError):
    """Something on the wire, or about to go there, is against the protocol."""


class MalformedRecordError(ProtocolError):
    """A record is not a frame of this protocol's version.

    Attributes:
        reason: what is wrong with the record, for a log.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the record is no frame of this protocol: {reason}; it is dropped")
        self.reason = reason


class UnexpectedFrameError(ProtocolError):
    """A frame came, or was about to leave, that the call does not allow in its state.

    Attributes:
        state: where the call was.
        kind: the frame's kind.
    """

    def __init__(self, state: State, kind: FrameKind) -> None:
        super().__init__(f"a call in state {state.name} allows no {kind}; the frame is dropped")
        self.state = state
        self.kind = kind


class MissingFrameError(ProtocolError):
    """A frame of a stream never came, but one behind it did: the stream cannot go on.

    Attributes:
        expected: the number of the frame that is missing.
        number: the number of the one that came.
    """

    def __init__(self, expected: int, number: int) -> None:
        super().__init__(f"frame {expected} of the stream was lost: frame {number} came instead")
        self.expected = expected
        self.number = number


class CreditExceededError(ProtocolError):
    """The other end of a stream sent a message that it had no credit for."""

    def __init__(self) -> None:
        super().__init__("the other end sent more messages than it had credit for")


class CreditOverflowError(ProtocolError):
    """The other end of a stream gave more credit than there can be.

    Attributes:
        credit: what it came to.
    """

    def __init__(self, credit: int) -> None:
        super().__init__(f"the other end gave more credit than there can be: {credit} bytes")
        self.credit = credit


class InvalidMetadataError(ProtocolError, ValueError):
    """A metadata entry cannot be carried.

    Attributes:
        key: the entry's key.
        reason: what gRPC does not allow about it.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"metadata was invalid: {key!r} {reason}")
        self.key = key
        self.reason = reason
