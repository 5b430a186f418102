"""What is written of calls that were served."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from structlog.testing import capture_logs

import grpc_kafka
from chassis._access_log import AccessLog
from grpc_kafka import aio
from grpc_kafka.testing import InMemoryBroker

SERVICE = "tandem.test.Counter"

type _Method = grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
type _Context = grpc.aio.ServicerContext[bytes, bytes]


async def count(request: bytes, context: _Context) -> AsyncIterator[bytes]:
    yield request
    if request == b"abort":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no more")
    if request == b"wait":
        await asyncio.Event().wait()


def endpoint(application: str) -> grpc_kafka.Endpoint:
    return grpc_kafka.Endpoint(
        bootstrap_servers="in memory", lane="test", application=application, kafka={}
    )


@pytest.mark.parametrize(
    ("request_", "code"), [(b"end", "OK"), (b"abort", "NOT_FOUND"), (b"wait", "CANCELLED")]
)
async def test_a_stream_is_written_down_once_as_it_ends(request_: bytes, code: str) -> None:
    broker = InMemoryBroker()
    server = aio.server(endpoint("counter"), interceptors=[AccessLog()], broker=broker)
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_stream_rpc_method_handler(count)
    server.add_registered_method_handlers(SERVICE, {"Count": handler})
    await server.start()
    with capture_logs() as entries:
        async with aio.channel(endpoint("caller"), broker=broker) as channel:
            method: _Method = channel.unary_stream(f"/{SERVICE}/Count")
            call = method(request_, timeout=5)
            assert await call.read() == request_
            if request_ == b"wait":
                assert entries == []
                call.cancel()
            await call.code()
        await server.stop(1)
    [entry] = entries
    assert (entry["event"], entry["method"], entry["code"]) == (
        "rpc served",
        f"/{SERVICE}/Count",
        code,
    )
