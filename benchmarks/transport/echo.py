"""The server of the measurement, in a process of its own: the same handlers on each transport.

`python -m benchmarks.transport.echo direct` prints its port; `... kafka BOOTSTRAP LANE SETTINGS`
prints `ready`. Both live until their standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "benchmarks.Echo"
METHOD = f"/{SERVICE}/Call"
POUR = f"/{SERVICE}/Pour"
COUNT = f"/{SERVICE}/Count"
EXCHANGE = f"/{SERVICE}/Exchange"
MESSAGE = bytes(100)
"""What a stream carries again and again: 100 bytes."""

APPLICATION = "benchmarks"


type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
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


def _handlers() -> dict[str, grpc.RpcMethodHandler[bytes, bytes]]:
    return {
        "Call": grpc.unary_unary_rpc_method_handler(_echo),
        "Pour": grpc.unary_stream_rpc_method_handler(_pour),
        "Count": grpc.stream_unary_rpc_method_handler(_count),
        "Exchange": grpc.stream_stream_rpc_method_handler(_exchange),
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _serve(server: grpc.aio.Server, said: str) -> None:
    generic = grpc.method_handlers_generic_handler(SERVICE, _handlers())
    server.add_generic_rpc_handlers((generic,))
    await server.start()
    _say(said)
    await asyncio.get_running_loop().run_in_executor(None, os.read, 0, 1)
    await server.stop(None)


async def main(transport: str, *arguments: str) -> None:
    """Serve on one transport until told to end."""
    if transport == "direct":
        direct = grpc.aio.server()
        port = direct.add_insecure_port("127.0.0.1:0")
        await _serve(direct, str(port))
        return
    bootstrap, lane, settings = arguments
    endpoint = Endpoint(bootstrap, lane, APPLICATION, json.loads(settings))
    await _serve(server(endpoint), "ready")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
