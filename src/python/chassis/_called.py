"""How the calls that this process makes ended, told once for each."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import grpc
import grpc.aio

from chassis._served import Ended, Told

type _Unary = grpc.aio.UnaryUnaryCall[object, object] | grpc.aio.StreamUnaryCall[object, object]
type _Go[C] = Callable[[grpc.aio.ClientCallDetails, object], Awaitable[C]]


class Called(
    grpc.aio.UnaryUnaryClientInterceptor,
    grpc.aio.UnaryStreamClientInterceptor,
    grpc.aio.StreamUnaryClientInterceptor,
    grpc.aio.StreamStreamClientInterceptor,
):
    """Tells how each call of any arity ended.

    For channels of `grpc_kafka`: one of `grpc.aio` takes an interceptor for its first arity only.

    Args:
        told: who is told.
    """

    def __init__(self, told: Told) -> None:
        self._told = told

    async def intercept_unary_unary(  # type: ignore[override]  # the stubs type messages per interceptor, not per call
        self,
        continuation: _Go[grpc.aio.UnaryUnaryCall[object, object]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: object,
    ) -> grpc.aio.UnaryUnaryCall[object, object]:
        """Watch a call of one request and one answer."""
        watch = _Watch(self._told, client_call_details)
        return await watch.once(await continuation(client_call_details, request))

    async def intercept_unary_stream(  # type: ignore[override]  # as above
        self,
        continuation: _Go[grpc.aio.UnaryStreamCall[object, object]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: object,
    ) -> AsyncIterator[object]:
        """Watch a call whose answers stream."""
        watch = _Watch(self._told, client_call_details)
        return watch.stream(await continuation(client_call_details, request))

    async def intercept_stream_unary(  # type: ignore[override]  # as above
        self,
        continuation: _Go[grpc.aio.StreamUnaryCall[object, object]],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: object,
    ) -> grpc.aio.StreamUnaryCall[object, object]:
        """Watch a call whose requests stream."""
        watch = _Watch(self._told, client_call_details)
        return await watch.once(await continuation(client_call_details, request_iterator))

    async def intercept_stream_stream(  # type: ignore[override]  # as above
        self,
        continuation: _Go[grpc.aio.StreamStreamCall[object, object]],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: object,
    ) -> AsyncIterator[object]:
        """Watch a call whose requests and answers stream."""
        watch = _Watch(self._told, client_call_details)
        return watch.stream(await continuation(client_call_details, request_iterator))


class _Watch:
    """One call, since it was begun."""

    def __init__(self, told: Told, details: grpc.aio.ClientCallDetails) -> None:
        self._told = told
        self._started = time.perf_counter()
        # grpcio gives bytes here, against its own documentation.
        method: str | bytes = details.method
        self._method = method.decode() if isinstance(method, bytes) else method

    async def once[C: _Unary](self, call: C) -> C:
        """Wait for the one answer; a task beside the call would cost more than all else of this."""
        try:
            code = await call.code()
        except asyncio.CancelledError:
            call.cancel()
            self._tell(grpc.StatusCode.CANCELLED)
            raise
        self._tell(code)
        return call

    async def stream(self, answers: AsyncIterable[object]) -> AsyncIterator[object]:
        """Pass answers on; nothing here keeps a call alive that its reader has dropped."""
        code = grpc.StatusCode.CANCELLED
        try:
            async for answer in answers:
                yield answer
            code = grpc.StatusCode.OK
        except grpc.aio.AioRpcError as error:
            code = error.code()
            raise
        finally:
            self._tell(code)

    def _tell(self, code: grpc.StatusCode) -> None:
        self._told(Ended(self._method, code, time.perf_counter() - self._started))
