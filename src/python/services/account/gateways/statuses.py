"""gRPC statuses as errors of this service."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from services.account.errors import (
    AccountError,
    InvalidFieldsError,
    NotFoundError,
    ServiceFailedError,
    ServiceUnavailableError,
    SignedOutError,
    TooManyAttemptsError,
)

type Meanings = Mapping[grpc.StatusCode | str, Callable[[], AccountError]]
"""What a status means, or the reason that its google.rpc.ErrorInfo gives, which goes first."""

_AGAIN_LATER = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
}
_LONGEST_RETRY = 24 * 3600.0


@contextmanager
def answers_of(service: str, meanings: Meanings | None = None) -> Iterator[None]:
    """Translate the status of calls made within.

    Args:
        service: Whom the calls go to.
        meanings: What a status or a reason means for this very method, where that differs from
            what the status means in general.

    Raises:
        AccountError: what the status means.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        meaning = _own_meaning(meanings or {}, error)
        raise (meaning() if meaning else _general_meaning(service, error)) from error


def _own_meaning(
    meanings: Meanings, error: grpc.aio.AioRpcError
) -> Callable[[], AccountError] | None:
    reasons = (info.reason for info in _details(error, ErrorInfo))
    told = (meanings[reason] for reason in reasons if reason in meanings)
    return next(told, meanings.get(error.code()))


def _general_meaning(service: str, error: grpc.aio.AioRpcError) -> AccountError:
    code, details = error.code(), error.details() or ""
    if code in _AGAIN_LATER:
        return ServiceUnavailableError(service, f"{code.name} {details}".strip())
    match code:
        case grpc.StatusCode.INVALID_ARGUMENT:
            return InvalidFieldsError(_violations(error))
        case grpc.StatusCode.UNAUTHENTICATED:
            return SignedOutError(ended=True)
        case grpc.StatusCode.NOT_FOUND:
            return NotFoundError(details)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return TooManyAttemptsError(_retry_after(error))
    return ServiceFailedError(service, f"{code.name} {details}".strip())


def _violations(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Messages by the last part of the field's path: "profile.about" is the field "about"."""
    return {
        violation.field.rpartition(".")[2]: violation.description
        for bad_request in _details(error, BadRequest)
        for violation in bad_request.field_violations
    }


def _retry_after(error: grpc.aio.AioRpcError) -> float | None:
    for info in _details(error, RetryInfo):
        seconds: float = info.retry_delay.ToTimedelta().total_seconds()
        if seconds > 0:
            return min(seconds, _LONGEST_RETRY)
    return None


def _details[M: Message](error: grpc.aio.AioRpcError, kind: type[M]) -> Iterator[M]:
    try:
        # It reads code, details and trailing metadata, which this error has like any call.
        status = rpc_status.from_call(cast("grpc.Call", error))
    except (ValueError, DecodeError):
        return
    for detail in status.details if status else ():
        message = kind()
        if detail.Unpack(message):
            yield message
