"""Servers and channels that meet in one broker in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

import grpc
import pytest

from grpc_kafka import Endpoint
from grpc_kafka.aio import KafkaChannel, KafkaServer, channel, server
from grpc_kafka.protocol import Address
from grpc_kafka.testing import InMemoryBroker

type Behaviour = Callable[[bytes, grpc.aio.ServicerContext[bytes, bytes]], object]
type Options = Sequence[tuple[str, object]]
type Context = grpc.aio.ServicerContext[bytes, bytes]
type Requests = AsyncIterator[bytes]

SERVICE = "test.Echo"
PARTITIONS = 4
"""Of each topic."""

POISON = b"poison"

HOME = Address("blue.tests.inbox", 0, "me")
"""Where requests that no channel sent want their answers."""


class Rig:
    """One lane; everything it starts is stopped at the end of the test."""

    queue = f"blue.{SERVICE}"

    def __init__(self) -> None:
        self.broker = InMemoryBroker(partitions=PARTITIONS)
        self.endpoint = Endpoint("nowhere:1", "blue", "tests")
        self.closing: list[Callable[[], Coroutine[object, object, None]]] = []

    @property
    def committed(self) -> int:
        """How many records of the queue are committed."""
        return sum(self.broker.committed(self.queue).values())

    @property
    def answers(self) -> int:
        """How many records ever came to the inboxes."""
        return len(self.broker.records(HOME.topic))

    async def serve(
        self,
        behaviour: Behaviour,
        *,
        name: str = "Call",
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
        maximum_concurrent_rpcs: int | None = None,
        options: Options | None = None,
    ) -> KafkaServer:
        """Start a server of one method."""
        made = server(
            self.endpoint,
            interceptors=interceptors,
            maximum_concurrent_rpcs=maximum_concurrent_rpcs,
            options=options,
            broker=self.broker,
        )
        handler = grpc.unary_unary_rpc_method_handler(behaviour)  # type: ignore[var-annotated]
        made.add_registered_method_handlers(SERVICE, {name: handler})
        await made.start()
        self.closing.append(lambda: made.stop(None))
        return made

    def channel(
        self,
        *,
        interceptors: Sequence[grpc.aio.ClientInterceptor] = (),
        options: Options | None = None,
        endpoint: Endpoint | None = None,
    ) -> KafkaChannel:
        """Open a channel."""
        made = channel(
            endpoint or self.endpoint,
            interceptors=interceptors,
            options=options,
            broker=self.broker,
        )
        self.closing.append(made.close)
        return made

    def method(
        self, on: KafkaChannel | None = None, *, name: str = "Call", service: str = SERVICE
    ) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        """A method of bytes."""
        return (on or self.channel()).unary_unary(f"/{service}/{name}")

    async def close(self) -> None:
        """Stop everything, the last first."""
        for close in reversed(self.closing):
            await close()


class Gate:
    """A handler that waits to be let go on, and notes what became of it."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []
        self.cancelled: list[bytes] = []
        self.contexts: list[grpc.aio.ServicerContext[bytes, bytes]] = []
        self.open = asyncio.Event()

    async def __call__(
        self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        """Answer with the request when the gate is open."""
        self.begun.append(request)
        self.contexts.append(context)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise
        return request


class Mortal:
    """A handler whose process is gone when it comes to poison: nothing in it goes on."""

    def __init__(self, rig: Rig) -> None:
        self.begun: list[bytes] = []
        self.dead = False
        self._rig = rig

    async def __call__(
        self, request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        """Answer with the request, unless it begins with `POISON`."""
        self.begun.append(request)
        if request.startswith(POISON):
            self.dead = True
            self._rig.broker.members(self._rig.queue)[-1].vanish()
        await asyncio.sleep(0)
        if self.dead:
            await asyncio.Event().wait()
        return request


class Chat:
    """A handler that answers each request, and notes what becomes of its runs."""

    def __init__(self) -> None:
        self.runs = 0
        self.read: list[bytes] = []
        self.cancelled = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, requests: Requests, _context: Context) -> AsyncIterator[bytes]:
        """Answer each request by itself."""
        self.runs += 1
        try:
            async for request in requests:
                await self.go_on.wait()
                self.read.append(request)
                yield request
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def serve(rig: Rig, handler: grpc.RpcMethodHandler[bytes, bytes]) -> KafkaServer:
    """Start a server of one streaming method."""
    made = server(rig.endpoint, broker=rig.broker)
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    rig.closing.append(lambda: made.stop(None))
    return made


def chat_handler(chat: Chat) -> grpc.RpcMethodHandler[bytes, bytes]:
    """The method that chats."""
    return grpc.stream_stream_rpc_method_handler(chat)


def chat_of(rig: Rig) -> grpc.aio.StreamStreamMultiCallable[bytes, bytes]:
    """The method, from a client's side."""
    return rig.channel().stream_stream(f"/{SERVICE}/Call")


def key(number: int) -> bytes:
    """A call id."""
    return number.to_bytes(16)


async def echo(request: bytes, _context: Context) -> bytes:
    """Answer with the request."""
    return request


async def error_of(call: grpc.aio.UnaryUnaryCall[bytes, bytes]) -> grpc.aio.AioRpcError:
    """How a call fails that has to."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def settled() -> None:
    """Let the loop turn until nothing in memory is left to be passed on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def call_everywhere(rig: Rig) -> list[grpc.aio.UnaryUnaryCall[bytes, bytes]]:
    """Call until there is a call in each partition of the queue; they ask for their numbers."""
    calls: list[grpc.aio.UnaryUnaryCall[bytes, bytes]] = []
    while len({record.partition for record in rig.broker.records(rig.queue)}) < PARTITIONS:
        calls.append(rig.method()(b"%d" % len(calls), timeout=20))
        await settled()
    return calls


async def until(holds: Callable[[], object]) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: it did not become so.
    """
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


class Clock:
    """The time of a loop; it passes when the test says so, however slow the machine is."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time that it is, in seconds."""
        return self.now

    async def pass_by(self, seconds: float) -> None:
        """Let so much time pass, in steps of a hundredth of a second at most."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 0.01, end)
            await settled()


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of this test's loop, from now on."""
    loop = asyncio.get_running_loop()
    made = Clock(loop.time())
    monkeypatch.setattr(loop, "time", made)
    return made


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A fresh lane."""
    made = Rig()
    yield made
    await made.close()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        pytest.fail(f"left behind: {left}")
