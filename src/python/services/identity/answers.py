"""The edge of the service: what a call answers when it cannot be done."""

from collections.abc import Awaitable, Callable

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from services.identity.deadline import Context, Deadline
from services.identity.errors import RefusedError

_log = structlog.get_logger()


async def answer[R](context: Context, work: Callable[[Deadline], Awaitable[R]]) -> R:
    """Do a call's work within its deadline.

    A `RefusedError` becomes the status that it names, with its details. Any other exception is a
    bug: it goes to the log, and the caller gets INTERNAL without a word of it.
    """
    try:
        return await work(Deadline.of(context))
    except RefusedError as error:
        refusal = _status(error)
    except Exception:  # noqa: BLE001  # the edge: whatever it is, the caller is not to see it
        _log.exception("call failed")
        refusal = _FAILED
    return await context.abort_with_status(rpc_status.to_status(refusal))


def _status(error: RefusedError) -> Status:
    status = Status(code=_number(error.code), message=error.message)
    for message in error.details():
        detail = AnyMessage()
        detail.Pack(message)
        status.details.append(detail)
    return status


def _number(code: grpc.StatusCode) -> int:
    number: int = code.value[0]
    return number


_FAILED = Status(
    code=_number(grpc.StatusCode.INTERNAL),
    message="Something went wrong here; it was noted. Try again later.",
)
