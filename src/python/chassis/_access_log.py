"""A log entry for every RPC that was served."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import cast

import grpc
import grpc.aio
import structlog

type _Handler = grpc.RpcMethodHandler[object, object]
type _Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]
type _Behaviour = Callable[[object, grpc.aio.ServicerContext[object, object]], Awaitable[object]]

_log = structlog.get_logger()


class AccessLog(grpc.aio.ServerInterceptor):
    """Writes method, status and duration of each unary call; never a message or its metadata."""

    async def intercept_service(  # type: ignore[override]  # the stubs type requests per interceptor, not per call
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> _Handler | None:
        """Wrap the handler of a unary call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        behaviour = cast("_Behaviour", handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(
            _logged(handler_call_details.method, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _logged(method: str, behaviour: _Behaviour) -> _Behaviour:
    async def serve(request: object, context: grpc.aio.ServicerContext[object, object]) -> object:
        started = time.perf_counter()
        default = grpc.StatusCode.UNKNOWN  # what a handler that raises answers, unless it aborted
        try:
            response = await behaviour(request, context)
        except asyncio.CancelledError:
            default = grpc.StatusCode.CANCELLED
            raise
        else:
            default = grpc.StatusCode.OK
            return response
        finally:
            # The stubs type `code()` as an integer; it gives the status that was set, or nothing.
            code = cast("object", context.code())
            _log.info(
                "rpc served",
                method=method,
                code=code.name if isinstance(code, grpc.StatusCode) else default.name,
                seconds=round(time.perf_counter() - started, 6),
            )

    return serve
