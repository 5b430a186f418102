"""The service of the measurement: the same handlers on each transport of gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc

from benchmarks.measured.messages import MESSAGE

SERVICE = "benchmarks.Echo"
CALL = f"/{SERVICE}/Call"
WORK = f"/{SERVICE}/Work"
HOLD = f"/{SERVICE}/Hold"
POUR = f"/{SERVICE}/Pour"
COUNT = f"/{SERVICE}/Count"
EXCHANGE = f"/{SERVICE}/Exchange"

WORK_SECONDS = 0.02
"""What `Work` takes, so that a server that is killed has calls in its hands."""

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _work(request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(WORK_SECONDS)
    return request


async def _hold(request: bytes, _context: Context) -> bytes:
    await asyncio.sleep(float(request))
    return request


async def _pour(request: bytes, _context: Context) -> AsyncIterator[bytes]:
    for _ in range(int(request)):
        yield MESSAGE


async def _count(requests: AsyncIterator[bytes], _context: Context) -> bytes:
    count = 0
    async for _ in requests:
        count += 1
    return b"%d" % count


async def _exchange(requests: AsyncIterator[bytes], _context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


def add_to(server: grpc.aio.Server) -> None:
    """Have a server serve `SERVICE`."""
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Call": grpc.unary_unary_rpc_method_handler(_echo),
        "Work": grpc.unary_unary_rpc_method_handler(_work),
        "Hold": grpc.unary_unary_rpc_method_handler(_hold),
        "Pour": grpc.unary_stream_rpc_method_handler(_pour),
        "Count": grpc.stream_unary_rpc_method_handler(_count),
        "Exchange": grpc.stream_stream_rpc_method_handler(_exchange),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
