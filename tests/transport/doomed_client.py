"""Calls and streams of a process to be killed: `python -m tests.transport.doomed_client`."""

import asyncio
import json
import sys

import grpc

from grpc_kafka import Endpoint
from grpc_kafka.aio import channel

SERVICE = "tests.Echo"


async def main(bootstrap: str, lane: str, settings: str, name: str, deadline: str) -> None:
    """Begin eight calls, half of them with a deadline, and eight streams; wait for their ends."""
    async with channel(Endpoint(bootstrap, lane, "tests", json.loads(settings))) as opened:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(
            f"/{SERVICE}/Call"
        )
        talk: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = opened.stream_stream(
            f"/{SERVICE}/Talk"
        )
        streams = [talk() for _ in range(8)]
        for number, stream in enumerate(streams):
            await stream.write(f"{name} {number}".encode())
        calls = [call(f"{name} {number}".encode()) for number in range(4)]
        calls += [
            call(f"{name} {number}".encode(), timeout=float(deadline)) for number in range(4, 8)
        ]
        for stream in streams:
            await stream.read()
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await asyncio.gather(*calls, *[stream.read() for stream in streams])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
