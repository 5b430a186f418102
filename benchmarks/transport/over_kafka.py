"""gRPC over Kafka: `serve BOOTSTRAP LANE SETTINGS [MAXIMUM]`, `call BOOTSTRAP LANE SETTINGS`.

The settings are librdkafka's, as JSON; the maximum is of handlers at once.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from benchmarks.measured import asynchronous
from benchmarks.transport import calls, echo
from grpc_kafka import Endpoint, aio

APPLICATION = "benchmarks"


@asynccontextmanager
async def _serve(
    bootstrap: str, lane: str, settings: str, maximum: str = "1000"
) -> AsyncIterator[None]:
    endpoint = Endpoint(bootstrap, lane, APPLICATION, json.loads(settings))
    server = aio.server(endpoint, maximum_concurrent_rpcs=int(maximum))
    echo.add_to(server)
    await server.start()
    yield
    await server.stop(None)


@asynccontextmanager
async def _connect(bootstrap: str, lane: str, settings: str) -> AsyncIterator[grpc.aio.Channel]:
    channel = aio.channel(Endpoint(bootstrap, lane, APPLICATION, json.loads(settings)))
    yield channel
    await channel.close()


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, calls.orders)
