"""A server in a process of its own, to be killed: `python -m tests.transport.echo_server`."""

import asyncio
import json
import os
import signal
import sys

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "tests.Echo"


class Echo:
    """Answers with its name and the request.

    A request `slow...` takes so many seconds longer, and `poison...` kills the process.
    """

    def __init__(self, name: str, slow: float) -> None:
        self._name = name
        self._slow = slow

    async def __call__(
        self, request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        """Answer."""
        if request.startswith(b"poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        if request.startswith(b"slow"):
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            await asyncio.sleep(self._slow)
        return self._name.encode() + b":" + request


async def main(bootstrap: str, lane: str, settings: str, name: str, slow: str = "0") -> None:
    """Serve until killed, or until SIGTERM asks for an orderly end."""
    made = server(Endpoint(bootstrap, lane, "tests", json.loads(settings)))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        Echo(name, float(slow))
    )
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await told.wait()
    await made.stop(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
