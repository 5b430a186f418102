"""The handlers of the simulated service, and the store that they write to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import grpc

from tests.simulation.oracle import Oracle
from tests.simulation.port import Port
from tests.simulation.process import Process
from tests.simulation.records import Attempt
from tests.simulation.timeline import KilledError
from tests.simulation.workload import Kind, content

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Handler = grpc.RpcMethodHandler[bytes, bytes]

KEY = "idempotency-key"
TOKEN = "token"


class Store:
    """What outlives every process: an effect and its reply, recorded in one step, by key."""

    def __init__(self) -> None:
        self.replies: dict[str, bytes] = {}
        self.effects: dict[str, int] = {}

    def once(self, key: str, reply: bytes) -> bytes:
        """Record an effect with its reply; gives the reply of the first time."""
        if key not in self.replies:
            self.effects[key] = self.effects.get(key, 0) + 1
            self.replies[key] = reply
        return self.replies[key]


class Service:
    """The service in one process.

    Args:
        process: where it runs.
        port: whose queue it reads.
        oracle: watches over every run.
        store: shared by all processes.

    """

    def __init__(self, process: Process, port: Port, oracle: Oracle, store: Store) -> None:
        self._process = process
        self._port = port
        self._oracle = oracle
        self._store = store

    def handlers(self) -> dict[str, Handler]:
        """Its methods, by name."""
        behaviours: dict[Kind, Callable[..., object]] = {
            Kind.RAISE: self._raise,
            Kind.ABORT: self._abort,
            Kind.KEYED: self._keyed,
            Kind.POISON: self._poison,
        }
        made: dict[str, Handler] = {
            kind.value: grpc.unary_unary_rpc_method_handler(behaviours.get(kind, self._echo))
            for kind in Kind
            if not kind.streams
        }
        for kind in (Kind.COUNT, Kind.WATCH, Kind.FLOOD, Kind.QUIET):
            made[kind.value] = grpc.unary_stream_rpc_method_handler(self._count)
        for kind in (Kind.SUM, Kind.PUSH):
            made[kind.value] = grpc.stream_unary_rpc_method_handler(self._sum)
        made[Kind.CHAT.value] = grpc.stream_stream_rpc_method_handler(self._chat)
        return made

    @contextmanager
    def _run(self, context: Context, request: bytes | None) -> Iterator[Attempt]:
        """Note a run from its begin to its end."""
        if not self._process.alive:
            raise KilledError
        metadata = dict(context.invocation_metadata() or ())
        attempt = self._oracle.attempt(str(metadata.get(TOKEN)))
        run = self._oracle.begin(attempt, self._process, self._port.members)
        if request is not None:
            self._oracle.request(attempt, request)
        try:
            yield attempt
            run.served = True
        finally:
            self._oracle.end(attempt, run)

    async def _echo(self, request: bytes, context: Context) -> bytes:
        with self._run(context, request) as attempt:
            await asyncio.sleep(attempt.spec.duration)
            return content("answer", attempt.token, attempt.spec.answer_size)

    async def _keyed(self, request: bytes, context: Context) -> bytes:
        with self._run(context, request) as attempt:
            await asyncio.sleep(attempt.spec.duration)
            return self._store.once(attempt.key, content("answer", attempt.token, 0))

    async def _raise(self, request: bytes, context: Context) -> bytes:
        with self._run(context, request) as attempt:
            await asyncio.sleep(attempt.spec.duration)
        raise LookupError(attempt.token)

    async def _abort(self, request: bytes, context: Context) -> bytes:
        with self._run(context, request) as attempt:
            await asyncio.sleep(attempt.spec.duration)
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, attempt.token)

    async def _poison(self, request: bytes, context: Context) -> bytes:
        with self._run(context, request) as attempt:
            await asyncio.sleep(attempt.spec.duration)
            self._process.kill()
        return b""

    async def _count(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        with self._run(context, request) as attempt:
            spec, number = attempt.spec, 0
            while number < spec.count or spec.kind is Kind.WATCH:
                yield content(f"answer {number}", attempt.token, spec.answer_size)
                number += 1
                # Those of one turn of the loop share a record.
                if spec.duration and spec.kind is not Kind.FLOOD:
                    await asyncio.sleep(spec.duration)
                elif spec.kind is Kind.WATCH:
                    await asyncio.sleep(0.5)

    async def _sum(self, requests: AsyncIterator[bytes], context: Context) -> bytes:
        with self._run(context, None) as attempt:
            number = 0
            async for request in requests:
                self._oracle.message(attempt, request, "request", number)
                number += 1
                if attempt.spec.duration:
                    await asyncio.sleep(attempt.spec.duration)
            self._oracle.complete(attempt, number)
            return content("answer 0", attempt.token, 0)

    async def _chat(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        with self._run(context, None) as attempt:
            number = 0
            async for request in requests:
                self._oracle.message(attempt, request, "request", number)
                yield content(f"answer {number}", attempt.token, 0)
                number += 1
                if attempt.spec.duration:
                    await asyncio.sleep(attempt.spec.duration)
            self._oracle.complete(attempt, number)
