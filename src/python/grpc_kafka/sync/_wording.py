"""Has the errors of handlers told as `grpc` tells them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

import grpc

from grpc_kafka.aio._behaviours import Behaviour, behaviour_of, is_async
from grpc_kafka.aio._context import BlockingContext
from grpc_kafka.aio._handling import text_of
from grpc_kafka.sync._containing import containing

_LOG = logging.getLogger(__name__)

type Handler = grpc.RpcMethodHandler[Any, Any]


class Wording(grpc.aio.ServerInterceptor):
    """Stands before all others, and lets handlers fail with the words that they or `grpc` chose."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The handler, worded."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        behaviour = behaviour_of(handler)
        return handler if is_async(behaviour) else _worded(handler, behaviour)


def _worded(handler: Handler, behaviour: Behaviour) -> Handler:
    made = _MAKERS[handler.request_streaming, handler.response_streaming](
        _each(behaviour) if handler.response_streaming else _once(behaviour),
        handler.request_deserializer,
        handler.response_serializer,
    )
    return cast("Handler", made)


_MAKERS: dict[tuple[bool, bool], Callable[..., object]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _once(behaviour: Behaviour) -> Callable[[object, BlockingContext], object]:
    def run(given: object, context: BlockingContext) -> object:
        try:
            with containing():
                return behaviour(given, context)
        except Exception as error:
            _fail(error, context)
            raise

    return run


def _each(behaviour: Behaviour) -> Callable[[object, BlockingContext], Iterator[object]]:
    def run(given: object, context: BlockingContext) -> Iterator[object]:
        try:
            with containing():
                yield from cast("Iterator[object]", behaviour(given, context))
        except Exception as error:
            _fail(error, context)
            raise

    return run


def _fail(error: Exception, context: BlockingContext) -> None:
    """Abort the call for the error, unless it is over or aborted."""
    if not context.is_active():
        return
    text = f"Exception calling application: {text_of(error)}"
    _LOG.error("%s", text, exc_info=error)
    code = cast("grpc.StatusCode | None", context.code())
    if code in (None, grpc.StatusCode.OK):
        code = grpc.StatusCode.UNKNOWN
    context.abort(code, context.details() or text)
