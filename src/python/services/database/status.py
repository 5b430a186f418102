"""One table from what went wrong to what the caller is told. Pure.

Nothing here repeats SQL, parameters or rows: a status travels to other services and into logs.
"""

from dataclasses import dataclass

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.database import sqlstate
from services.database.errors import (
    AlreadyExistsError,
    ExhaustedError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PreconditionError,
    StoppingError,
    Violation,
)

DOMAIN = "database.tandem"
"""Whose `ErrorInfo.reason` it is."""

type Code = grpc.StatusCode

_CODES: dict[type[Exception], Code] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    PreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    ExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    OutcomeUnknownError: grpc.StatusCode.UNAVAILABLE,
    StoppingError: grpc.StatusCode.UNAVAILABLE,
}

# What only the database can know: its clock, and which accounts there are.
_CONSTRAINTS: dict[str, Exception] = {
    "ck_sessions_expires_after_creation": InvalidRequestError(
        [Violation("expires_at", "must lie in the future")]
    ),
    "fk_sessions_account_id_accounts": NotFoundError("no account has this id"),
}

_BUSY = "the call met others' changes too often; call again"
_AWAY = "the database cannot be reached; call again later"
_SLOW = "the database did not finish in the time that the call had"
_WRONG = "the database refused what it was asked"

_STATES: dict[str, tuple[Code, str]] = {
    sqlstate.SERIALIZATION_FAILURE: (grpc.StatusCode.ABORTED, _BUSY),
    sqlstate.DEADLOCK_DETECTED: (grpc.StatusCode.ABORTED, _BUSY),
    sqlstate.LOCK_NOT_AVAILABLE: (grpc.StatusCode.ABORTED, _BUSY),
    sqlstate.QUERY_CANCELED: (grpc.StatusCode.DEADLINE_EXCEEDED, _SLOW),
}

# By the first two characters of the SQLSTATE.
_CLASSES: dict[str, tuple[Code, str]] = {
    "08": (grpc.StatusCode.UNAVAILABLE, _AWAY),
    "53": (grpc.StatusCode.UNAVAILABLE, _AWAY),
    "57": (grpc.StatusCode.UNAVAILABLE, _AWAY),
}


@dataclass(frozen=True)
class Failure:
    """What the caller is told.

    Attributes:
        code: The status code, never OK.
        message: For people.
        details: Messages of google.rpc, for machines.
    """

    code: Code
    message: str
    details: tuple[Message, ...] = ()

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The details as gRPC carries them; empty when there are none."""
        if not self.details:
            return ()
        number: int = self.code.value[0]
        status = Status(code=number, message=self.message, details=map(_packed, self.details))
        metadata = rpc_status.to_status(status).trailing_metadata
        return tuple(metadata or ())


FAULT = Failure(grpc.StatusCode.INTERNAL, "something went wrong here; it was noted")
"""What to tell of an error that is this service's own fault."""


def failure(error: Exception) -> Failure | None:
    """What to tell of this error; None if it is nobody's but this service's own fault."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, PoolTimeoutError):
        return Failure(grpc.StatusCode.UNAVAILABLE, "all database connections are busy; call again")
    if isinstance(error, TimeoutError):
        return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, _SLOW)
    code = _CODES.get(type(error))
    return None if code is None else Failure(code, str(error), _details(error))


def _of_database(error: DBAPIError) -> Failure | None:
    known = _CONSTRAINTS.get(sqlstate.constraint(error) or "")
    if known is not None:
        return failure(known)
    state = sqlstate.code(error)
    if error.connection_invalidated or state is None:
        return Failure(grpc.StatusCode.UNAVAILABLE, _AWAY)
    # Also values that break a rule which is not listed: that no store refused them first is a bug.
    told = _STATES.get(state) or _CLASSES.get(state[:2])
    return Failure(*told) if told else Failure(grpc.StatusCode.INTERNAL, _WRONG)


def _details(error: Exception) -> tuple[Message, ...]:
    match error:
        case InvalidRequestError(violations=violations):
            fields = [
                BadRequest.FieldViolation(field=each.field, description=each.description)
                for each in violations
            ]
            return (BadRequest(field_violations=fields),)
        case AlreadyExistsError(reason=reason):
            return (ErrorInfo(reason=reason, domain=DOMAIN),)
        case _:
            return ()


def _packed(message: Message) -> Any:
    box = Any()
    box.Pack(message)
    return box
