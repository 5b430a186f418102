"""A unary call that goes through interceptors first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import cast

import grpc

from grpc_kafka.aio._call import LOCALLY_CANCELLED, KafkaUnaryUnaryCall

type Invoke[Q, A] = Callable[[grpc.aio.ClientCallDetails, Q], grpc.aio.UnaryUnaryCall[Q, A]]
type Callback[Q, A] = Callable[[grpc.aio.UnaryUnaryCall[Q, A]], None]

# As grpc.aio has it, whatever its annotations say.
_NO_METADATA = cast("grpc.aio.Metadata", None)


class InterceptedUnaryUnaryCall[Q, A](grpc.aio.UnaryUnaryCall[Q, A]):
    """What the application holds while interceptors decide, and after.

    Args:
        interceptors: the first is the outermost.
        invoke: begins the call itself.
        details: what the call is to be, before anyone changed it.
        request: likewise.

    """

    def __init__(
        self,
        interceptors: Sequence[grpc.aio.UnaryUnaryClientInterceptor],
        invoke: Invoke[Q, A],
        details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._invoke = invoke
        self._deadline = None if details.timeout is None else self._loop.time() + details.timeout
        self._pending: list[Callback[Q, A]] = []
        self._task = self._loop.create_task(self._run(tuple(interceptors), details, request))
        self._task.add_done_callback(self._intercepted)

    async def _run(
        self,
        interceptors: tuple[grpc.aio.UnaryUnaryClientInterceptor, ...],
        details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> grpc.aio.UnaryUnaryCall[Q, A]:
        if not interceptors:
            return self._invoke(details, request)
        first, *rest = interceptors

        def go_on(
            details: grpc.aio.ClientCallDetails, request: Q
        ) -> Awaitable[grpc.aio.UnaryUnaryCall[Q, A]]:
            return self._run(tuple(rest), details, request)

        answer = await first.intercept_unary_unary(go_on, details, request)
        if isinstance(answer, grpc.aio.UnaryUnaryCall):
            return cast("grpc.aio.UnaryUnaryCall[Q, A]", answer)
        return AnsweredCall(answer)

    def _intercepted(self, task: asyncio.Task[grpc.aio.UnaryUnaryCall[Q, A]]) -> None:
        pending, self._pending = self._pending, []
        failed = task.cancelled() or task.exception() is not None
        for callback in pending:
            if failed:
                callback(self)
            else:
                self._pass_on(task.result(), callback)

    def _pass_on(self, call: grpc.aio.UnaryUnaryCall[Q, A], callback: Callback[Q, A]) -> None:
        call.add_done_callback(lambda _call: callback(self))

    def _call(self) -> grpc.aio.UnaryUnaryCall[Q, A] | None:
        done = self._task.done() and not self._task.cancelled()
        return self._task.result() if done and self._task.exception() is None else None

    def _error(self) -> BaseException | None:
        done = self._task.done() and not self._task.cancelled()
        return self._task.exception() if done else None

    def cancel(self) -> bool:
        """Cancel the call, or the interceptors while they still work."""
        call = self._call()
        return self._task.cancel() if call is None else call.cancel()

    def cancelled(self) -> bool:
        """Whether its end is a cancellation."""
        call = self._call()
        if call is not None:
            return call.cancelled()
        error = self._error()
        if isinstance(error, grpc.aio.AioRpcError):
            return error.code() is grpc.StatusCode.CANCELLED
        return self._task.cancelled()

    def done(self) -> bool:
        """Whether it is over."""
        call = self._call()
        return self._task.done() if call is None else call.done()

    def time_remaining(self) -> float | None:
        """Seconds until its deadline, None without one."""
        call = self._call()
        if isinstance(call, grpc.aio.UnaryUnaryCall) and not isinstance(call, AnsweredCall):
            return call.time_remaining()
        return None if self._deadline is None else max(self._deadline - self._loop.time(), 0)

    def add_done_callback(self, callback: Callback[Q, A]) -> None:
        """Call back with this call when it is over."""
        call = self._call()
        if not self._task.done():
            self._pending.append(callback)
        elif call is None:
            callback(self)
        else:
            self._pass_on(call, callback)

    def __await__(self) -> Generator[None, None, A]:
        """Wait for the answer that the outermost interceptor lets through."""
        return self._result().__await__()

    async def _result(self) -> A:
        call = await self._task
        return await call

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """What the server sent before its answer; None of a call that was never begun."""
        ended = await self._ended()
        if isinstance(ended, grpc.aio.AioRpcError):
            return ended.initial_metadata()
        return await ended.initial_metadata() if ended else _NO_METADATA

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What the server sent with its status; None of a call that was never begun."""
        ended = await self._ended()
        if isinstance(ended, grpc.aio.AioRpcError):
            return ended.trailing_metadata()
        return await ended.trailing_metadata() if ended else _NO_METADATA

    async def code(self) -> grpc.StatusCode:
        """The status that it ended with."""
        ended = await self._ended()
        if isinstance(ended, grpc.aio.AioRpcError):
            return ended.code()
        return await ended.code() if ended else grpc.StatusCode.CANCELLED

    async def details(self) -> str:
        """The text beside its status."""
        ended = await self._ended()
        if isinstance(ended, grpc.aio.AioRpcError):
            return ended.details() or ""
        return await ended.details() if ended else LOCALLY_CANCELLED

    async def debug_error_string(self) -> str:
        """Status and text in one line; empty when it went well."""
        ended = await self._ended()
        if isinstance(ended, grpc.aio.AioRpcError):
            return ended.debug_error_string() or f"{ended.code().name}:{ended.details()}"
        call = cast("KafkaUnaryUnaryCall[Q, A]", ended)
        return await call.debug_error_string() if ended else ""

    async def wait_for_connection(self) -> None:
        """Wait until the server was heard."""
        call = await self._task
        await call.wait_for_connection()

    async def _ended(self) -> grpc.aio.UnaryUnaryCall[Q, A] | grpc.aio.AioRpcError | None:
        """The call, or the error that an interceptor ended it with, or None: cancelled."""
        await asyncio.wait([self._task])
        if self._task.cancelled():
            return None
        error = self._task.exception()
        if error is None or isinstance(error, grpc.aio.AioRpcError):
            return error or self._task.result()
        raise error


class AnsweredCall[Q, A](grpc.aio.UnaryUnaryCall[Q, A]):
    """An answer that an interceptor gave without a call, or in place of its own."""

    def __init__(self, response: A) -> None:
        self._response = response

    def __await__(self) -> Generator[None, None, A]:
        """The answer, at once."""
        return self._result().__await__()

    async def _result(self) -> A:
        return self._response

    def cancel(self) -> bool:
        """Nothing to cancel."""
        return False

    def cancelled(self) -> bool:
        """Never."""
        return False

    def done(self) -> bool:
        """Always."""
        return True

    def time_remaining(self) -> float | None:
        """No deadline is left to wait for."""
        return None

    def add_done_callback(self, callback: Callback[Q, A]) -> None:
        """Call back soon."""
        asyncio.get_running_loop().call_soon(callback, self)

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """None: no server sent any."""
        return _NO_METADATA

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """None: no server sent any."""
        return _NO_METADATA

    async def code(self) -> grpc.StatusCode:
        """OK."""
        return grpc.StatusCode.OK

    async def details(self) -> str:
        """Empty."""
        return ""

    async def debug_error_string(self) -> str:
        """None: there is no error, nor a call that could have one."""
        return cast("str", None)

    async def wait_for_connection(self) -> None:
        """Nobody to wait for."""
