"""A log entry for every RPC that was served."""

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
        try:
            return await behaviour(request, context)
        finally:
            await _log.ainfo(
                "rpc served",
                method=method,
                code=_status(context),
                seconds=round(time.perf_counter() - started, 6),
            )

    return serve


def _status(context: grpc.aio.ServicerContext[object, object]) -> str:
    if context.cancelled():
        return grpc.StatusCode.CANCELLED.name
    # Typed as an integer, `code()` gives what the handler set: nothing, or a status.
    code = cast("object", context.code())
    return code.name if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK.name
