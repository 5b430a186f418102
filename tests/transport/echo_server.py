"""A server in a process of its own, to be killed: `python -m tests.transport.echo_server`."""

import asyncio
import json
import sys

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "tests.Echo"


class Echo:
    """Answers with its name and the request; a request `slow...` takes so many seconds longer."""

    def __init__(self, name: str, slow: float) -> None:
        self._name = name
        self._slow = slow

    async def __call__(
        self, request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> bytes:
        """Answer."""
        if request.startswith(b"slow"):
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            await asyncio.sleep(self._slow)
        return self._name.encode() + b":" + request


async def main(bootstrap: str, lane: str, settings: str, name: str, slow: str) -> None:
    """Serve until killed."""
    made = server(Endpoint(bootstrap, lane, "tests", json.loads(settings)))
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        Echo(name, float(slow))
    )
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    await made.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
