"""grpc.aio over loopback: `serve PORT`, `call PORT`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from benchmarks.measured import asynchronous
from benchmarks.transport import calls, echo

# A server refuses calls past 1,000 that it has not begun; what memory 10,000 take is of interest.
_PENDING = 20_000
_OPTIONS = [
    ("grpc.server.max_pending_requests", _PENDING),
    ("grpc.server.max_pending_requests_hard_limit", _PENDING),
]


@asynccontextmanager
async def _serve(port: str) -> AsyncIterator[None]:
    server = grpc.aio.server(options=_OPTIONS)
    echo.add_to(server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    yield
    await server.stop(None)


@asynccontextmanager
async def _connect(port: str) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, calls.orders)
