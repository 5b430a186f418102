"""A server of streams in a process of its own: `python -m tests.transport.stream_server`."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import server

SERVICE = "tests.Echo"


class Echo:
    """Answers with its name, then echoes; notes the first message of every stream in a file."""

    def __init__(self, name: str, runs: Path) -> None:
        self._name = name
        self._runs = runs

    async def __call__(
        self, requests: AsyncIterator[bytes], _context: grpc.aio.ServicerContext[bytes, bytes]
    ) -> AsyncIterator[bytes]:
        """Answer."""
        first = await anext(requests)
        with self._runs.open("a") as runs:
            runs.write(f"{self._name} {first.decode()}\n")
        yield self._name.encode()
        async for request in requests:
            yield request


async def main(bootstrap: str, lane: str, settings: str, name: str, runs: str) -> None:
    """Serve until killed."""
    made = server(Endpoint(bootstrap, lane, "tests", json.loads(settings)))
    handler = grpc.stream_stream_rpc_method_handler(  # type: ignore[var-annotated]
        Echo(name, Path(runs))
    )
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    await made.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
