"""The server of the measurement, in a process of its own: the same handler on each transport.

`python -m benchmarks.transport.echo direct` prints its port; `... kafka BOOTSTRAP LANE SETTINGS`
prints `ready`. Both live until their standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "benchmarks.Echo"
METHOD = f"/{SERVICE}/Call"
APPLICATION = "benchmarks"


async def _echo(request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return request


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _serve(server: grpc.aio.Server, said: str) -> None:
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_echo)
    generic = grpc.method_handlers_generic_handler(SERVICE, {"Call": handler})
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
