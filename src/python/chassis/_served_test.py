"""What both ends tell of calls that are over, of every arity."""

import asyncio
import gc
from collections.abc import AsyncIterable, AsyncIterator, Callable
from enum import StrEnum

import grpc
import grpc.aio
import pytest

import grpc_kafka
from chassis._called import Called
from chassis._served import Ended, Served
from grpc_kafka import aio
from grpc_kafka.testing import InMemoryBroker

SERVICE = "tandem.test.Counter"
CODE = grpc.StatusCode

type _Context = grpc.aio.ServicerContext[bytes, bytes]


class Arity(StrEnum):
    UNARY_UNARY = "unary_unary"
    UNARY_STREAM = "unary_stream"
    STREAM_UNARY = "stream_unary"
    STREAM_STREAM = "stream_stream"


async def once(request: bytes | AsyncIterator[bytes], context: _Context) -> bytes:
    said = request if isinstance(request, bytes) else await anext(request)
    if said == b"abort":
        await context.abort(CODE.NOT_FOUND, "no more")
    if said == b"fail":
        raise ValueError("a bug")
    if said == b"wait":
        await asyncio.Event().wait()
    return said


async def stream(request: bytes | AsyncIterator[bytes], context: _Context) -> AsyncIterator[bytes]:
    yield b"first"
    yield await once(request, context)


class Rig:
    """A server of a method an arity, a channel, and what both ends told."""

    def __init__(self) -> None:
        self.served: list[Ended] = []
        self.called: list[Ended] = []
        broker, endpoint = InMemoryBroker(), grpc_kafka.Endpoint("nowhere:1", "test", "counter")
        self.server = aio.server(
            endpoint, interceptors=[Served([self.served.append])], broker=broker
        )
        self.server.add_registered_method_handlers(SERVICE, dict(map(_method, Arity)))
        self.channel = aio.channel(
            endpoint, interceptors=[Called(self.called.append)], broker=broker
        )

    def begin(self, arity: Arity, request: bytes, timeout: float = 5) -> "grpc.aio.Call":
        method = getattr(self.channel, arity)(f"/{SERVICE}/{arity}")
        call: grpc.aio.Call = method(
            _one(request) if arity.startswith("stream") else request, timeout=timeout
        )
        return call


def _method(arity: Arity) -> "tuple[str, grpc.RpcMethodHandler[bytes, bytes]]":
    behaviour = stream if arity.endswith("stream") else once
    handler: grpc.RpcMethodHandler[bytes, bytes] = getattr(grpc, f"{arity}_rpc_method_handler")(
        behaviour
    )
    return str(arity), handler


async def _one(request: bytes) -> AsyncIterator[bytes]:
    yield request
    await asyncio.sleep(0)


async def _read(call: object) -> None:
    """Read a call to its end, whatever that is."""
    try:
        if isinstance(call, AsyncIterable):
            async for _ in call:
                pass
        elif isinstance(call, (grpc.aio.UnaryUnaryCall, grpc.aio.StreamUnaryCall)):
            await call
    except grpc.aio.AioRpcError:
        pass


async def _until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.001)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    await made.server.start()
    yield made
    await made.channel.close()
    await made.server.stop(0)


@pytest.fixture(params=list(Arity))
def arity(request: pytest.FixtureRequest) -> Arity:
    made: Arity = request.param
    return made


@pytest.mark.parametrize(
    ("request_", "code"),
    [(b"end", CODE.OK), (b"abort", CODE.NOT_FOUND), (b"fail", CODE.UNKNOWN)],
)
async def test_the_end_of_a_call_is_told_once_by_each_side(
    rig: Rig, arity: Arity, request_: bytes, code: grpc.StatusCode
) -> None:
    await _read(rig.begin(arity, request_))
    await _until(lambda: rig.served and rig.called)
    for told in (rig.served, rig.called):
        [ended] = told
        assert (ended.method, ended.code, ended.known) == (f"/{SERVICE}/{arity}", code, True)
        assert 0 < ended.seconds < 5


async def test_a_call_that_its_client_cancels_is_told_as_that(rig: Rig, arity: Arity) -> None:
    call = rig.begin(arity, b"wait")
    reading = asyncio.create_task(_read(call))
    await _until(lambda: rig.server.load().in_flight)
    await asyncio.sleep(0.05)
    call.cancel()
    await asyncio.wait([reading], timeout=5)
    await _until(lambda: rig.served and rig.called)
    assert [each.code for each in rig.served + rig.called] == [CODE.CANCELLED] * 2


async def test_a_call_past_its_deadline_is_told_as_that(rig: Rig, arity: Arity) -> None:
    await _read(rig.begin(arity, b"wait", timeout=0.1))
    await _until(lambda: rig.served and rig.called)
    assert [each.code for each in rig.served + rig.called] == [CODE.DEADLINE_EXCEEDED] * 2
    assert all(0.1 <= each.seconds < 5 for each in rig.called)


async def test_a_stream_that_its_reader_drops_ends(rig: Rig) -> None:
    call = rig.begin(Arity.UNARY_STREAM, b"wait")
    assert isinstance(call, grpc.aio.UnaryStreamCall)
    async for _ in call:
        break
    del call
    gc.collect()
    await _until(lambda: rig.served)
    assert rig.served[0].code is CODE.CANCELLED


async def test_a_method_that_is_not_there_is_told_as_unknown(rig: Rig) -> None:
    method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = rig.channel.unary_unary(
        f"/{SERVICE}/Nothing"
    )
    await _read(method(b""))
    [ended] = rig.served
    assert (ended.code, ended.known) == (CODE.UNIMPLEMENTED, False)
    assert rig.called[0].code is CODE.UNIMPLEMENTED
