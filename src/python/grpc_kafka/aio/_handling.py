"""Runs the handler of one unary call and says what its answer is."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
from collections.abc import Awaitable
from concurrent.futures import Executor
from typing import NamedTuple

import grpc

from grpc_kafka.aio._behaviours import Behaviour, behaviour_of, bytes_of, is_async
from grpc_kafka.aio._context import BlockingContext, Context
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._outcome import larger_than_max
from grpc_kafka.aio._routing import CallDetails, Handler, Routing
from grpc_kafka.aio._rpc import Ending, Rpc
from grpc_kafka.protocol import Response

_LOG = logging.getLogger(__name__)


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
        code, details, message = await self.verdict(rpc, self._run(rpc))
        return None if rpc.ending is not None else rpc.answer(code, details, message)

    async def verdict(self, rpc: Rpc, run: Awaitable[bytes]) -> Verdict:
        """What comes of a handler, however it ends; nothing else once it called `abort`."""
        try:
            message = await run
        except asyncio.CancelledError:
            task = asyncio.current_task()
            unasked = rpc.ending is None and rpc.abort_error is None
            if unasked and task is not None and task.cancelling():
                # The loop ends, and with it the process: the request is the next server's.
                rpc.ending = Ending.STOPPED
            verdict = Verdict(grpc.StatusCode.CANCELLED, "the handler cancelled itself", b"")
        except grpc.aio.AbortError as error:
            verdict = _failed(rpc, error)
        except Exception as error:  # noqa: BLE001 - a handler may raise anything: UNKNOWN
            _LOG.exception(
                "Unexpected [%s] raised by servicer method [%s]",
                type(error).__name__,
                rpc.request.path,
            )
            verdict = _failed(rpc, error)
        else:
            if rpc.abort_error is not None:
                _LOG.error("%s suppressed the error of its abort()", rpc.request.path)
            verdict = self._answered(rpc, message)
        if rpc.abort_error is None:
            return verdict
        return Verdict(rpc.code or grpc.StatusCode.UNKNOWN, rpc.details, b"")

    def _answered(self, rpc: Rpc, message: bytes) -> Verdict:
        limit = self._limits.send
        if limit is not None and len(message) > limit:
            text = larger_than_max("SERVER", "Sent", len(message), limit)
            return Verdict(grpc.StatusCode.RESOURCE_EXHAUSTED, text, b"")
        code = rpc.code or grpc.StatusCode.OK
        # gRPC carries no text beside OK.
        return Verdict(code, rpc.details if code is not grpc.StatusCode.OK else "", message)

    async def _run(self, rpc: Rpc) -> bytes:
        request = rpc.request
        details = CallDetails(request.path, rpc.invocation_metadata)
        routing = self._routing
        handler = (await routing.find(details)) if routing.intercepts else routing.lookup(details)
        if handler is None:
            rpc.refuse(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
            return b""
        if handler.request_streaming or handler.response_streaming:
            text = f"{request.path} is a streaming method; it was called as a unary one"
            rpc.refuse(grpc.StatusCode.UNIMPLEMENTED, text)
            return b""
        limit = self._limits.receive
        if limit is not None and rpc.size > limit:
            text = larger_than_max("SERVER", "Received", rpc.size, limit)
            rpc.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            return b""
        read = handler.request_deserializer
        answer = self._call(handler, rpc, read(request.message) if read else request.message)
        if inspect.isawaitable(answer):
            answer = await answer
        if rpc.code is not None and rpc.code is not grpc.StatusCode.OK:
            return b""
        return bytes_of(handler, answer)

    def _call(self, handler: Handler, rpc: Rpc, message: object) -> object:
        behaviour = behaviour_of(handler)
        if is_async(behaviour):
            return behaviour(message, Context(rpc))
        return self._call_in_thread(behaviour, rpc, message)

    async def _call_in_thread(self, behaviour: Behaviour, rpc: Rpc, message: object) -> object:
        run = contextvars.copy_context().run
        answer = await asyncio.get_running_loop().run_in_executor(
            self._executor, run, behaviour, message, BlockingContext(rpc)
        )
        return await answer if inspect.isawaitable(answer) else answer


def _failed(rpc: Rpc, error: Exception) -> Verdict:
    code = rpc.code or grpc.StatusCode.OK
    if code is grpc.StatusCode.OK:
        code = grpc.StatusCode.UNKNOWN
    return Verdict(code, f"Unexpected {type(error)}: {text_of(error)}", b"")


def text_of(error: Exception) -> str:
    """What an error of the application says; it may fail even at that."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as any code of the application
        return "(it cannot say what)"
