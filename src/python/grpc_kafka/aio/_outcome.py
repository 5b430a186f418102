"""How a call ended, in the terms of `grpc`."""

from __future__ import annotations

from typing import NamedTuple

import grpc

from grpc_kafka._errors import (
    AuthorizationError,
    BrokerError,
    RecordTooLargeError,
    UnknownTopicError,
)
from grpc_kafka.protocol import (
    CreditExceededError,
    CreditOverflowError,
    Metadata,
    MissingFrameError,
    ProtocolError,
)

_DETAILS_KEPT = 1000

CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
"""Status codes by the number that stands on the wire."""


BREAKING = (CreditExceededError, CreditOverflowError, MissingFrameError)
"""What is wrong with a frame that ends its stream; any other such frame is dropped."""

_OF_BREAKING: dict[type[ProtocolError], grpc.StatusCode] = {
    CreditExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    CreditOverflowError: grpc.StatusCode.INTERNAL,
    MissingFrameError: grpc.StatusCode.UNAVAILABLE,
}


class Outcome(NamedTuple):
    """The end of a call as its client sees it.

    `local` is true when this very process ended it by cancelling.
    """

    code: grpc.StatusCode
    details: str
    initial_metadata: Metadata = ()
    trailing_metadata: Metadata = ()
    local: bool = False


class Status(NamedTuple):
    """How a call ended, as grpcio's call objects ask for it."""

    outcome: Outcome

    def code(self) -> int:
        """The status code's number."""
        code: int = self.outcome.code.value[0]
        return code

    def details(self) -> str:
        """The text beside it."""
        return self.outcome.details

    def trailing_metadata(self) -> Metadata:
        """What came with it."""
        return self.outcome.trailing_metadata

    def debug_error_string(self) -> str:
        """Status and text in one line; empty when it went well."""
        ok = self.outcome.code is grpc.StatusCode.OK
        return "" if ok else f"{self.outcome.code.name}:{self.outcome.details}"


def outcome_of(error: BrokerError, what: str) -> Outcome:
    """What a broker's refusal means for the call: `what` names the record in the text."""
    code = grpc.StatusCode.UNAVAILABLE
    if isinstance(error, RecordTooLargeError):
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
    elif isinstance(error, UnknownTopicError):
        code = grpc.StatusCode.UNIMPLEMENTED
    elif isinstance(error, AuthorizationError):
        code = grpc.StatusCode.PERMISSION_DENIED
    return Outcome(code, f"{what} could not be sent: {error.reason}")


def outcome_said(status: int, details: str, trailing_metadata: Metadata) -> Outcome:
    """What a frame says of the end; a status of a number that is none is UNKNOWN."""
    code = CODES.get(status, grpc.StatusCode.UNKNOWN)
    return Outcome(code, details, trailing_metadata=trailing_metadata)


def broken_by(error: ProtocolError) -> Outcome:
    """How a stream ends that a frame of the other end broke; see `BREAKING`."""
    return Outcome(_OF_BREAKING[type(error)], str(error))


def shortened(status: int, details: str, what: str, error: BrokerError) -> tuple[int, str]:
    """A status that fits in a record, in place of one that did not: its own, or the reason why.

    Args:
        status: its number.
        details: the text beside it.
        what: names in the text what was too large beside OK.
        error: the brokers' refusal.

    """
    if status:
        return status, details[:_DETAILS_KEPT]
    too_large: int = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    return too_large, f"{what} could not be sent: {error.reason}"


def larger_than_max(side: str, verb: str, size: int, limit: int) -> str:
    """The words of gRPC for a message past its limit."""
    return f"{side}: {verb} message larger than max ({size} vs. {limit})"
