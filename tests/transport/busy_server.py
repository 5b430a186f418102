"""Serves calls and streams in a process of its own: `python -m tests.transport.busy_server`."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "tests.Echo"

type Context = grpc.aio.ServicerContext[bytes, bytes]


class Busy:
    """Notes in a file what it does, before it says so: `<its name> <what>`, a line each."""

    def __init__(self, name: str, runs: Path) -> None:
        self._name = name
        self._runs = runs

    async def call(self, request: bytes, _context: Context) -> bytes:
        """Do a little."""
        await asyncio.sleep(0.02)
        self._note(request)
        return b"done " + request

    async def talk(self, requests: AsyncIterator[bytes], _context: Context) -> AsyncIterator[bytes]:
        """Echo until `end`; noted is the first message."""
        first = await anext(requests)
        self._note(first)
        yield first
        async for request in requests:
            if request == b"end":
                break
            yield request

    def _note(self, what: bytes) -> None:
        with self._runs.open("ab") as runs:
            runs.write(self._name.encode() + b" " + what + b"\n")


async def main(
    bootstrap: str, lane: str, settings: str, name: str, runs: str, grace: str = "0"
) -> None:
    """Serve until killed, or until SIGTERM asks for an orderly end."""
    made = server(Endpoint(bootstrap, lane, "tests", json.loads(settings)))
    busy = Busy(name, Path(runs))
    call: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(busy.call)
    talk: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(busy.talk)
    made.add_registered_method_handlers(SERVICE, {"Call": call, "Talk": talk})
    await made.start()
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await told.wait()
    await made.stop(float(grace))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
