"""A client with streams in a process of its own: `python -m tests.transport.stream_client`."""

import asyncio
import json
import sys

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import channel

PATH = "/tests.Echo/Call"


async def main(bootstrap: str, lane: str, settings: str, names: str) -> None:
    """Begin a stream of each name, say `open` when all are answered, and go on until killed."""
    async with channel(Endpoint(bootstrap, lane, "tests", json.loads(settings))) as opened:
        method: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = opened.stream_stream(PATH)
        calls = [method() for _ in names.split()]
        for name, call in zip(names.split(), calls, strict=True):
            await call.write(name.encode())
            await call.read()
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await asyncio.gather(*[call.read() for call in calls])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
