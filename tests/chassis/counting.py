"""A service with a queue: it answers what it is sent, when it is let."""

import asyncio

import grpc
from pydantic import Field

from chassis import Process, Settings, run

SERVICE = "tests.Counting"


class CountingSettings(Settings):
    """How long a request takes that asks to wait."""

    wait: float = Field(default=3600.0, ge=0)
    """Seconds."""


async def start(process: Process[CountingSettings]) -> None:
    """Build the service: one call at a time."""

    async def count(request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        if request == b"missing":
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such thing")
        if request == b"wait":
            await asyncio.sleep(process.settings.wait)
        return request

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(count)
    server = process.server(maximum_concurrent_rpcs=1)
    server.add_registered_method_handlers(SERVICE, {"Count": handler})
    process.channel()


if __name__ == "__main__":
    run("counting", CountingSettings, start)
