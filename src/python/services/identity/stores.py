"""How identity asks the stores of `database`: within the caller's deadline, errors translated."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import cast

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from uuid_utils.compat import uuid7

from services.identity.deadline import Deadline
from services.identity.errors import RefusedError, StoreRefusedError, StoreUnavailableError

type Meanings = Mapping[grpc.StatusCode | str, Callable[[], RefusedError]]
"""What a store's refusal means to the caller of identity, by status, or by reason where the status
has several."""

_NONE: Meanings = MappingProxyType({})

_REFUSALS = frozenset(
    {
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
)
"""What the stores' contracts name; every other status means that a store is not available."""

_log = structlog.get_logger()


async def ask[Q, R](
    method: grpc.aio.UnaryUnaryMultiCallable[Q, R],
    request: Q,
    deadline: Deadline,
    meanings: Meanings = _NONE,
    *,
    once: bool = False,
) -> R:
    """Call a method of a store.

    Args:
        method: The method.
        request: What it is asked.
        deadline: When the answer is due.
        meanings: What the store's refusals mean here.
        once: Whether the effect is to happen once, however often the request is delivered.

    Raises:
        RefusedError: what the store's refusal means, or that it gave no answer in time.
        StoreRefusedError: the store refused with a status that its contract names, yet that means
            nothing here: a bug.
    """
    try:
        metadata = (("idempotency-key", str(uuid7())),) if once else None
        return await method(request, timeout=deadline.timeout(), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        raise _translated(error, type(request).__name__, meanings) from None


def _translated(
    error: grpc.aio.AioRpcError, request: str, meanings: Meanings
) -> RefusedError | StoreRefusedError:
    code = error.code()
    meaning = meanings.get(_reason(error)) or meanings.get(code)
    if meaning is not None:
        return meaning()
    if code in _REFUSALS:
        return StoreRefusedError(code, request)
    # The store's own words stay out of the log: they may quote the request.
    _log.warning("store unavailable", request=request, code=code.name)
    return StoreUnavailableError()


def _reason(error: grpc.aio.AioRpcError) -> str:
    try:
        # It reads code, details and trailing metadata, which this error has like any call.
        status = rpc_status.from_call(cast("grpc.Call", error))
    except (ValueError, DecodeError):
        return ""
    info = ErrorInfo()
    known = status is not None and any(detail.Unpack(info) for detail in status.details)
    return info.reason if known else ""
