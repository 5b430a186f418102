"""Runs the handler of a streaming call."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import aclosing
from typing import cast

import grpc

from grpc_kafka.aio._behaviours import (
    Behaviour,
    behaviour_of,
    is_async,
    is_async_generator,
)
from grpc_kafka.aio._context import BlockingContext, Context
from grpc_kafka.aio._handling import Handling
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._outcome import larger_than_max
from grpc_kafka.aio._routing import CallDetails, Handler, Routing
from grpc_kafka.aio._rpc import Ending, Rpc
from grpc_kafka.aio._server_stream import Desk, ServerStream
from grpc_kafka.protocol import Response, State

_END = object()


class Streaming:
    """What all streams of a server share.

    Args:
        routing: finds handlers.
        handling: says what comes of a handler.
        desk: carries frames.
        limits: sizes of messages.
        executor: runs handlers that are plain functions; None is the loop's own.

    """

    def __init__(
        self,
        routing: Routing,
        handling: Handling,
        desk: Desk,
        *,
        limits: Limits,
        executor: Executor | None,
    ) -> None:
        self._routing = routing
        self._handling = handling
        self._desk = desk
        self._limits = limits
        self._executor = executor

    async def answer(self, rpc: Rpc) -> Response | None:
        """Carry a stream to its end; gives an answer only where it was not begun."""
        handler: Handler | None = None

        async def find() -> bytes:
            nonlocal handler
            details = CallDetails(rpc.request.path, rpc.invocation_metadata)
            handler = await self._routing.find(details)
            limit = self._limits.receive
            if handler is None:
                rpc.refuse(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
            elif limit is not None and rpc.size > limit:
                text = larger_than_max("SERVER", "Received", rpc.size, limit)
                rpc.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            return b""

        verdict = await self._handling.verdict(rpc, find())
        if rpc.ending is not None:
            return None
        if handler is None or verdict.code is not grpc.StatusCode.OK:
            return rpc.answer(*verdict)
        return await self._carry(rpc, handler)

    async def _carry(self, rpc: Rpc, handler: Handler) -> Response | None:
        stream = ServerStream(
            rpc.request,
            await self._desk.home(),
            self._desk,
            lambda: rpc.end(Ending.CANCELLED),
            limits=self._limits,
        )
        rpc.stream, rpc.handler = stream, handler
        begun = False
        try:
            await stream.accept()
            begun = True
            # It was begun, so it is not begun again by anyone: what is lost now stays lost.
            rpc.settle()
            code, details, _ = await self._handling.verdict(rpc, self._run(rpc, handler))
            if rpc.ending is Ending.CANCELLED:
                # To a client that lives after all: one that cancelled it takes no more frames.
                code, details = grpc.StatusCode.UNAVAILABLE, "the client's process fell silent"
        except asyncio.CancelledError:
            code, details = grpc.StatusCode.UNAVAILABLE, "the stream was not begun"
        if stream.unheard is not None and rpc.moves.state is State.REQUESTED:
            # Who heard of no server does not believe one that ends the stream.
            stream.close()
            text = f"the stream was not accepted: {stream.unheard.reason}"
            return rpc.answer(grpc.StatusCode.UNAVAILABLE, text, b"")
        if rpc.ending is Ending.STOPPED:
            code, details = grpc.StatusCode.UNAVAILABLE, "the server stops"
            rpc.settle()
        elif rpc.ending is Ending.EXPIRED:
            code, details = grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"
        rpc.over = True
        stream.finish(code.value[0], details, rpc.trailing_metadata)
        if not begun and rpc.ending is Ending.CANCELLED and rpc.moves.state is State.REQUESTED:
            # Its client may never have heard who ends it here, and then believes the queue alone.
            return rpc.answer(code, details, b"")
        return None

    async def _run(self, rpc: Rpc, handler: Handler) -> bytes:
        behaviour = behaviour_of(handler)
        asynchronous = is_async(behaviour)
        context = Context(rpc)
        given: object
        if handler.request_streaming:
            given = _Requests(context) if asynchronous else _blocking(context)
        else:
            size, limit = len(rpc.request.message), self._limits.receive
            if limit is not None and size > limit:
                text = larger_than_max("SERVER", "Received", size, limit)
                rpc.refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
                return b""
            given = await context.read()
        if handler.response_streaming:
            await self._stream_answers(behaviour, given, context)
        else:
            await self._answer_once(behaviour, given, context)
        return b""

    async def _answer_once(self, behaviour: Behaviour, given: object, context: Context) -> None:
        if is_async(behaviour):
            answer = await cast("Awaitable[object]", behaviour(given, context))
        else:
            blocking = BlockingContext(context.rpc)
            answer = await self._in_thread(behaviour, given, blocking)
        if context.rpc.code in (None, grpc.StatusCode.OK) and context.rpc.abort_error is None:
            await context.write(answer)

    async def _stream_answers(self, behaviour: Behaviour, given: object, context: Context) -> None:
        if is_async_generator(behaviour) or not is_async(behaviour):
            # Closed here: one that is cancelled between two answers cleans up at once.
            async with aclosing(self._answers(behaviour, given, context)) as answers:
                async for answer in answers:
                    await context.write(answer)
        else:
            await cast("Awaitable[object]", behaviour(given, context))

    def _answers(
        self, behaviour: Behaviour, given: object, context: Context
    ) -> AsyncGenerator[object]:
        if is_async_generator(behaviour):
            return cast("AsyncGenerator[object]", behaviour(given, context))
        return self._in_threads(behaviour, given, BlockingContext(context.rpc))

    async def _in_threads(
        self, behaviour: Behaviour, given: object, context: BlockingContext
    ) -> AsyncGenerator[object]:
        made = await self._in_thread(behaviour, given, context)
        answers = iter(cast("Iterator[object]", made))
        while True:
            answer = await self._in_thread(next, answers, _END)
            if answer is _END:
                return
            yield answer

    async def _in_thread(self, call: Callable[..., object], *arguments: object) -> object:
        run = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, run, call, *arguments)


class _Requests:
    """The client's messages, as a handler that is a coroutine iterates over them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> object:
        message = await self._context.read()
        if message is grpc.aio.EOF:
            raise StopAsyncIteration
        return message


def _blocking(context: Context) -> Iterator[object]:
    """The same for a handler that runs in a thread."""
    loop = asyncio.get_running_loop()

    async def following() -> object:
        message = await context.read()
        if message is grpc.aio.EOF and context.cancelled():
            # Nothing cancels a thread: it would take what came for all there is.
            raise asyncio.CancelledError
        return message

    def iterate() -> Iterator[object]:
        while True:
            message = asyncio.run_coroutine_threadsafe(following(), loop).result()
            if message is grpc.aio.EOF:
                return
            yield message

    return iterate()
