"""Unary calls and streams without end, and what becomes of them while others do harm."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import grpc

from tests.transport.conftest import SERVICE
from tests.transport.talking import end_of, method_of, say

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from grpc_kafka.aio import KafkaChannel
    from tests.transport.conftest import Method
    from tests.transport.talking import Stream

type Context = grpc.aio.ServicerContext[bytes, bytes]

TALK = f"/{SERVICE}/Talk"
LATE = 1.0
"""Seconds past which a call or a word of a stream is one that somebody waits for."""

_PAUSE = 0.02
_CALM = 2.0


class Ledger:
    """A handler with an effect: it writes down what it was asked, and then says so."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.effects: Counter[bytes] = Counter()
        self._seconds = seconds

    async def __call__(self, request: bytes, _context: Context) -> bytes:
        await asyncio.sleep(self._seconds)
        self.effects[request] += 1
        return b"done " + request


def codes(calls: list[Told]) -> dict[str, int]:
    """How calls ended."""
    return dict(Counter(told.code.name for told in calls))


class Told(NamedTuple):
    """A call or a word that is over; times are of the monotonic clock."""

    what: bytes
    begun: float
    took: float
    code: grpc.StatusCode
    details: str


@dataclass(slots=True)
class Load:
    """What is under way and what is over.

    Attributes:
        calls: unary calls that are over.
        hasty: those of them that do not wait for a server.
        words: what streams said and heard back.
        ends: how streams ended that were not ended here.
        timeout: of every unary call, seconds.
    """

    channel: KafkaChannel
    workers: int = 16
    talkers: int = 8
    timeout: float = 30.0
    calls: list[Told] = field(default_factory=list)
    hasty: list[Told] = field(default_factory=list)
    words: list[Told] = field(default_factory=list)
    ends: list[Told] = field(default_factory=list)
    pending: dict[bytes, float] = field(default_factory=dict)
    begun: int = 0
    _going: bool = True
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        method: Method = self.channel.unary_unary(f"/{SERVICE}/Call")
        for number in range(self.workers):
            # Every fourth one does not wait for a server.
            self._tasks.append(asyncio.create_task(self._call(method, waits=number % 4 > 0)))
        self._tasks += [asyncio.create_task(self._talk()) for _ in range(self.talkers)]
        return self

    async def __aexit__(self, *_raised: object) -> None:
        self._going = False
        await asyncio.wait_for(asyncio.gather(*self._tasks), self.timeout + 30)

    async def calm(self, seconds: float) -> None:
        """Wait until nothing was late for a while.

        Raises:
            TimeoutError: it is not calm in so many seconds.
        """
        async with asyncio.timeout(seconds):
            since = time.monotonic()
            while time.monotonic() - since < _CALM:
                await asyncio.sleep(0.05)
                now = time.monotonic()
                if any(now - begun > LATE for begun in self.pending.values()):
                    since = now

    def slowest(self, since: float) -> tuple[float, float]:
        """The longest that a call, and a word, took of those that ended later, in seconds."""
        calls, words = (
            [told.took for told in tolds if told.begun + told.took > since]
            for tolds in (self.calls, self.words)
        )
        return max(calls, default=0.0), max(words, default=0.0)

    def acknowledged(self) -> list[bytes]:
        """What clients were told is done."""
        over = self.calls + self.hasty
        return [told.what for told in over if told.code is grpc.StatusCode.OK]

    async def _call(self, method: Method, *, waits: bool) -> None:
        while self._going:
            self.begun += 1
            what = b"%d" % self.begun
            call = method(what, timeout=self.timeout, wait_for_ready=waits)
            told = await self._told(what, self._answered(call, what))
            (self.calls if waits else self.hasty).append(told)
            await asyncio.sleep(_PAUSE)

    async def _answered(self, call: Awaitable[bytes], what: bytes) -> None:
        assert await call == b"done " + what

    async def _talk(self) -> None:
        method = method_of(self.channel, TALK)
        while self._going:
            self.begun += 1
            name = b"stream %d" % self.begun
            stream = method(timeout=180)
            opened = await self._told(name, _hear(stream, name))
            if opened.code is grpc.StatusCode.OK:
                await self._go_on(stream, name)
            else:
                self.ends.append(opened)

    async def _go_on(self, stream: Stream, name: bytes) -> None:
        number = 0
        while self._going:
            number += 1
            word = b"%s: %d" % (name, number)
            told = await self._told(word, _hear(stream, word))
            self.words.append(told)
            if told.code is not grpc.StatusCode.OK:
                self.ends.append(told._replace(what=name))
                return
            await asyncio.sleep(0.1)
        assert await end_of(stream) is grpc.StatusCode.OK

    async def _told(self, what: bytes, doing: Awaitable[None]) -> Told:
        begun = self.pending[what] = time.monotonic()
        code, details = grpc.StatusCode.OK, ""
        try:
            await doing
        except grpc.aio.AioRpcError as error:
            code, details = error.code(), error.details() or ""
        finally:
            del self.pending[what]
        return Told(what, begun, time.monotonic() - begun, code, details)


async def _hear(stream: Stream, word: bytes) -> None:
    try:
        await say(stream, word)
    except asyncio.InvalidStateError:
        # It ended since the last word; to read tells how.
        await stream.read()
