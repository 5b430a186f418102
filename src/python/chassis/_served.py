"""How the calls that this process serves ended, told once for each."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

import grpc
import grpc.aio

type _Handler = grpc.RpcMethodHandler[object, object]
type _Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]
type _Context = grpc.aio.ServicerContext[object, object]
type _Behaviour = Callable[[object, _Context], Awaitable[object]]
type _Streaming = Callable[[object, _Context], AsyncIterator[object]]


class Ended(NamedTuple):
    """A call that is over.

    Attributes:
        method: `/package.Service/Method`; a client may write anything there.
        code: what its client was answered, or would have been.
        seconds: between the handler's begin and its end; on a client, the whole of the call.
        known: whether there is such a method.
    """

    method: str
    code: grpc.StatusCode
    seconds: float
    known: bool = True


type Told = Callable[[Ended], None]


class Served(grpc.aio.ServerInterceptor):
    """Tells how each call ended; a handler whose answers stream is an async generator.

    Args:
        told: who is told, one after the other.
    """

    def __init__(self, told: Sequence[Told]) -> None:
        self._told = tuple(told)

    async def intercept_service(  # type: ignore[override]  # the stubs type requests per interceptor, not per call
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> _Handler | None:
        """Wrap the handler of a call."""
        handler, method = await continuation(handler_call_details), handler_call_details.method
        if handler is None:
            self._tell(Ended(method, grpc.StatusCode.UNIMPLEMENTED, 0.0, known=False))
            return None
        arity = _arity(handler)
        behaviour = getattr(handler, arity)
        watched = self._stream if handler.response_streaming else self._once
        made: _Handler = getattr(grpc, f"{arity}_rpc_method_handler")(
            watched(method, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        return made

    def _once(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        async def serve(request: object, context: _Context) -> object:
            with self._watch(method, context):
                return await behaviour(request, context)

        return serve

    def _stream(self, method: str, behaviour: _Streaming) -> _Streaming:
        async def serve(request: object, context: _Context) -> AsyncIterator[object]:
            with self._watch(method, context):
                async for response in behaviour(request, context):
                    yield response

        return serve

    @contextmanager
    def _watch(self, method: str, context: _Context) -> Iterator[None]:
        started = time.perf_counter()
        default = grpc.StatusCode.UNKNOWN  # what a handler that raises answers, unless it aborted
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            default = _why_cancelled(context)
            raise
        else:
            default = grpc.StatusCode.OK
        finally:
            # The stubs type `code()` as an integer; it gives the status that was set, or nothing.
            code = cast("object", context.code())
            chosen = code if isinstance(code, grpc.StatusCode) else default
            self._tell(Ended(method, chosen, time.perf_counter() - started))

    def _tell(self, ended: Ended) -> None:
        for each in self._told:
            each(ended)


def _arity(handler: _Handler) -> str:
    requests = "stream" if handler.request_streaming else "unary"
    responses = "stream" if handler.response_streaming else "unary"
    return f"{requests}_{responses}"


def _why_cancelled(context: _Context) -> grpc.StatusCode:
    # The stubs forget that a call may have no deadline.
    left = cast("float | None", context.time_remaining())
    over = left is not None and left <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if over else grpc.StatusCode.CANCELLED
