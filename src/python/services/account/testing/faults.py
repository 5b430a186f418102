"""Refusals that a test plants in the services' answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

type _Handler = grpc.RpcMethodHandler[object, object]
type _Context = grpc.aio.ServicerContext[object, object]
type _Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]]


@dataclass(frozen=True)
class Refusal:
    """What a method answers instead of its reply."""

    code: grpc.StatusCode
    details: tuple[Message, ...] = ()
    delay: float = 0.0

    def status(self) -> grpc.Status:
        """As gRPC sends it, with rich details."""
        status = Status(code=self.code.value[0], message="planted by a test")
        for message in self.details:
            detail = Any()
            detail.Pack(message)
            status.details.append(detail)
        planted: grpc.Status = rpc_status.to_status(status)
        return planted


class Faults(grpc.aio.ServerInterceptor):
    """Makes methods refuse, by their names."""

    def __init__(self) -> None:
        self.planted: dict[str, Refusal] = {}

    async def intercept_service(  # type: ignore[override]  # the stubs type requests per interceptor
        self, continuation: _Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> _Handler | None:
        """Put the planted refusal in the handler's place."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method.rpartition("/")[2]
        if handler is None or method not in self.planted:
            return handler
        refusal = self.planted[method]

        async def refuse(_request: object, context: _Context) -> object:
            await asyncio.sleep(refusal.delay)
            await context.abort_with_status(refusal.status())
            raise AssertionError

        async def refuse_stream(request: object, context: _Context) -> AsyncIterator[object]:
            yield await refuse(request, context)

        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                refuse_stream,
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            refuse,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
