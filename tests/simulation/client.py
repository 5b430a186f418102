"""A simulated client: makes its calls, and tells the oracle what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from grpc_kafka.aio import KafkaChannel
from tests.simulation.oracle import Oracle
from tests.simulation.process import Process
from tests.simulation.records import Attempt
from tests.simulation.service import KEY, TOKEN
from tests.simulation.workload import SERVICE, Kind, Spec, content

_TRIES = 3
_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)

type Call = Any


class Client:
    """The calls of one process.

    Args:
        process: where it runs.
        channel: carries them.
        oracle: judges what comes of them.

    """

    def __init__(self, process: Process, channel: KafkaChannel, oracle: Oracle) -> None:
        self.channel = channel
        self._process = process
        self._oracle = oracle
        # What is collected in mid-run is cancelled by grpc: when that is, only memory knows.
        self._calls: list[Call] = []
        # Both ends of it serve bytes as they are.
        self._methods = {kind: self._method(kind) for kind in Kind}

    async def make(self, spec: Spec) -> None:
        """Make a call; one with a key again, when nobody knows what came of it."""
        key = f"key-{spec.number}" if spec.kind is Kind.KEYED else ""
        for turn in range(_TRIES if key else 1):
            attempt = self._oracle.attempted(f"{spec.number}.{turn}", spec, self._process, key)
            await self._attempt(attempt)
            if attempt.code not in _AGAIN:
                return

    def _method(self, kind: Kind) -> Call:
        path = f"/{SERVICE}/{kind.value}"
        if kind in (Kind.COUNT, Kind.WATCH, Kind.FLOOD, Kind.QUIET):
            return self.channel.unary_stream(path)
        if kind in (Kind.SUM, Kind.PUSH):
            return self.channel.stream_unary(path)
        if kind is Kind.CHAT:
            return self.channel.stream_stream(path)
        return self.channel.unary_unary(path)

    async def _attempt(self, attempt: Attempt) -> None:
        spec, token = attempt.spec, attempt.token
        metadata = [(TOKEN, token)]
        if attempt.key:
            metadata.append((KEY, attempt.key))
        sends = spec.kind in (Kind.SUM, Kind.PUSH, Kind.CHAT)
        given = self._requests(attempt) if sends else content("request", token, spec.size)
        call = self._methods[spec.kind](given, timeout=spec.timeout, metadata=metadata)
        self._calls.append(call)
        timer: asyncio.TimerHandle | None = None
        if spec.cancel_after is not None:
            timer = self._process.loop.call_later(spec.cancel_after, self._cancel, attempt, call)
        try:
            await self._hear(attempt, call)
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            pass
        finally:
            if timer is not None:
                timer.cancel()
        self._oracle.ended(attempt, await call.code(), await call.details() or "")

    def _cancel(self, attempt: Attempt, call: Call) -> None:
        if call.cancel():
            self._oracle.given_up(attempt)

    async def _hear(self, attempt: Attempt, call: Call) -> None:
        kind = attempt.spec.kind
        if not kind.streams:
            self._oracle.answer(attempt, await call)
        elif kind in (Kind.SUM, Kind.PUSH):
            self._oracle.message(attempt, await call, "answer", 0)
        else:
            async for message in call:
                self._oracle.message(attempt, message, "answer", attempt.answers)
                attempt.answers += 1
                if kind is Kind.FLOOD:
                    await asyncio.sleep(attempt.spec.duration)

    async def _requests(self, attempt: Attempt) -> AsyncIterator[bytes]:
        spec = attempt.spec
        for number in range(spec.count):
            yield content(f"request {number}", attempt.token, spec.size)
            if spec.duration > 0.1 and spec.kind is not Kind.PUSH:
                await asyncio.sleep(spec.duration / 2)
