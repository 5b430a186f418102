"""How identity asks the stores of `database`: within the caller's deadline, errors translated."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import grpc
import grpc.aio
import structlog
from uuid_utils.compat import uuid7

from services.identity.deadline import Deadline
from services.identity.errors import RefusedError, StoreRefusedError, StoreUnavailableError

type Meanings = Mapping[grpc.StatusCode, Callable[[], RefusedError]]
"""What a store's refusal means to the caller of identity."""

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
        raise _translated(error.code(), type(request).__name__, meanings) from None


def _translated(
    code: grpc.StatusCode, request: str, meanings: Meanings
) -> RefusedError | StoreRefusedError:
    if code in meanings:
        return meanings[code]()
    if code in _REFUSALS:
        return StoreRefusedError(code, request)
    # The store's own words stay out of the log: they may quote the request.
    _log.warning("store unavailable", request=request, code=code.name)
    return StoreUnavailableError()
