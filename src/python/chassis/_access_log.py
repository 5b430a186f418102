"""A log entry for every RPC that was served."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import cast

import grpc
import grpc.aio
import structlog

type _Handler = grpc.RpcMethodHandler[object, object]
type _Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]
type _Context = grpc.aio.ServicerContext[object, object]
type _Behaviour = Callable[[object, _Context], Awaitable[object]]
type _Streaming = Callable[[object, _Context], AsyncIterator[object]]

_log = structlog.get_logger()


class AccessLog(grpc.aio.ServerInterceptor):
    """Writes method, status and duration of each call of one request, as it ends.

    Never a message or its metadata. A handler whose answers stream is an async generator.
    """

    async def intercept_service(  # type: ignore[override]  # the stubs type requests per interceptor, not per call
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> _Handler | None:
        """Wrap the handler of a call of one request."""
        handler, method = await continuation(handler_call_details), handler_call_details.method
        if handler is not None and handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                _logged(method, cast("_Behaviour", handler.unary_unary)),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler is not None and handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                _logged_stream(method, cast("_Streaming", handler.unary_stream)),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return handler


def _logged(method: str, behaviour: _Behaviour) -> _Behaviour:
    async def serve(request: object, context: _Context) -> object:
        with _entry(method, context):
            return await behaviour(request, context)

    return serve


def _logged_stream(method: str, behaviour: _Streaming) -> _Streaming:
    async def serve(request: object, context: _Context) -> AsyncIterator[object]:
        with _entry(method, context):
            async for response in behaviour(request, context):
                yield response

    return serve


@contextmanager
def _entry(method: str, context: _Context) -> Iterator[None]:
    started = time.perf_counter()
    default = grpc.StatusCode.UNKNOWN  # what a handler that raises answers, unless it aborted
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit):
        default = grpc.StatusCode.CANCELLED
        raise
    else:
        default = grpc.StatusCode.OK
    finally:
        # The stubs type `code()` as an integer; it gives the status that was set, or nothing.
        code = cast("object", context.code())
        _log.info(
            "rpc served",
            method=method,
            code=code.name if isinstance(code, grpc.StatusCode) else default.name,
            seconds=round(time.perf_counter() - started, 6),
        )
