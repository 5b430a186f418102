"""Runs the handler of one unary call and says what its answer is."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple, cast

import grpc

from grpc_kafka.aio._context import BlockingContext, Context
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._outcome import larger_than_max
from grpc_kafka.aio._routing import CallDetails, Handler, Routing
from grpc_kafka.aio._rpc import Ending, Rpc
from grpc_kafka.protocol import Response

_LOG = logging.getLogger(__name__)

type Behaviour = Callable[[object, object], object]


class Verdict(NamedTuple):
    """What a call's answer is: message only with OK."""

    code: grpc.StatusCode
    details: str
    message: bytes


class Handling:
    """What all calls of a server share.

    Args:
        routing: finds handlers.
        limits: sizes of messages.
        executor: runs handlers that are plain functions; None is the loop's own.

    """

    def __init__(self, routing: Routing, limits: Limits, executor: Executor | None) -> None:
        self._routing = routing
        self._limits = limits
        self._executor = executor

    async def answer(self, rpc: Rpc) -> Response | None:
        """Run a call's handler; None when nobody waits for this run's answer any more."""
        code, details, message = await self._verdict(rpc)
        return None if rpc.ending is not None else rpc.answer(code, details, message)

    async def _verdict(self, rpc: Rpc) -> Verdict:
        try:
            message = await self._run(rpc)
        except grpc.aio.AbortError as error:
            if rpc.abort_error is None:
                return _failed(rpc, error)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if rpc.ending is None and task is not None and task.cancelling():
                # The loop ends, and with it the process: the request is the next server's.
                rpc.ending = Ending.STOPPED
            return Verdict(grpc.StatusCode.CANCELLED, "the handler cancelled itself", b"")
        except Exception as error:  # noqa: BLE001 - a handler may raise anything: UNKNOWN
            _LOG.exception(
                "Unexpected [%s] raised by servicer method [%s]",
                type(error).__name__,
                rpc.request.path,
            )
            return _failed(rpc, error)
        else:
            if rpc.abort_error is None:
                return self._answered(rpc, message)
            _LOG.error("%s suppressed the error of its abort()", rpc.request.path)
        return Verdict(rpc.code or grpc.StatusCode.UNKNOWN, rpc.details, b"")

    def _answered(self, rpc: Rpc, message: bytes) -> Verdict:
        limit = self._limits.send
        if limit is not None and len(message) > limit:
            text = larger_than_max("SERVER", "Sent", len(message), limit)
            return Verdict(grpc.StatusCode.RESOURCE_EXHAUSTED, text, b"")
        return Verdict(rpc.code or grpc.StatusCode.OK, rpc.details, message)

    async def _run(self, rpc: Rpc) -> bytes:
        request = rpc.request
        handler = await self._routing.find(CallDetails(request.path, rpc.invocation_metadata))
        if handler is None:
            return _refuse(rpc, grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        if handler.request_streaming or handler.response_streaming:
            text = f"{request.path} is a streaming method; it was called as a unary one"
            return _refuse(rpc, grpc.StatusCode.UNIMPLEMENTED, text)
        limit = self._limits.receive
        if limit is not None and len(request.message) > limit:
            text = larger_than_max("SERVER", "Received", len(request.message), limit)
            return _refuse(rpc, grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        read = handler.request_deserializer
        answer = await self._call(handler, rpc, read(request.message) if read else request.message)
        if rpc.code is not None and rpc.code is not grpc.StatusCode.OK:
            return b""
        return _bytes(handler, answer)

    async def _call(self, handler: Handler, rpc: Rpc, message: object) -> object:
        behaviour = cast("Behaviour | None", handler.unary_unary)
        if behaviour is None:
            raise TypeError(f"the handler of {rpc.request.path} has no unary behaviour")
        if _is_coroutine(behaviour):
            answer = behaviour(message, Context(rpc))
        else:
            run = contextvars.copy_context().run
            answer = await asyncio.get_running_loop().run_in_executor(
                self._executor, run, behaviour, message, BlockingContext(rpc)
            )
        return await answer if inspect.isawaitable(answer) else answer


def _failed(rpc: Rpc, error: Exception) -> Verdict:
    code = rpc.code or grpc.StatusCode.OK
    if code is grpc.StatusCode.OK:
        code = grpc.StatusCode.UNKNOWN
    return Verdict(code, f"Unexpected {type(error)}: {error}", b"")


def _refuse(rpc: Rpc, code: grpc.StatusCode, details: str) -> bytes:
    rpc.code, rpc.details = code, details
    return b""


def _is_coroutine(behaviour: Behaviour) -> bool:
    return inspect.iscoroutinefunction(behaviour) or inspect.iscoroutinefunction(
        getattr(behaviour, "__call__", None)  # noqa: B004
    )


def _bytes(handler: Handler, answer: object) -> bytes:
    write = handler.response_serializer
    message: object = answer if write is None else write(answer)
    if message is None:
        return b""
    if not isinstance(message, bytes):
        raise TypeError(f"an answer, or what its serializer makes of it, is bytes: {type(message)}")
    return message
