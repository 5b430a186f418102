"""The main of a measured process on asyncio: `serve ADDRESS...` or `call ADDRESS...`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from benchmarks.measured import garbage
from benchmarks.measured.clocks import Orders
from benchmarks.measured.pipe import READY, Pipe


def main[Client](
    serve: Callable[..., AbstractAsyncContextManager[None]],
    connect: Callable[..., AbstractAsyncContextManager[Client]],
    orders: Callable[[Client], Orders],
) -> None:
    """Do as the arguments of this process say, until its standard input is closed.

    Args:
        serve: takes the address; serves until it is left.
        connect: takes the address; gives what `orders` works with.
        orders: what a client can be told to do; `first` is done before it says that it is ready.

    """
    role, *address = sys.argv[1:]
    pipe = Pipe()
    if role == "serve":
        asyncio.run(_serve(serve(*address), pipe))
    else:
        asyncio.run(_call(connect(*address), orders, pipe))


async def _serve(serving: AbstractAsyncContextManager[None], pipe: Pipe) -> None:
    async with serving:
        pipe.say(READY)
        garbage.look_seldom()
        await asyncio.to_thread(pipe.wait_for_end)


async def _call[Client](
    connecting: AbstractAsyncContextManager[Client],
    orders: Callable[[Client], Orders],
    pipe: Pipe,
) -> None:
    async with connecting as client:
        able = orders(client)
        await able["first"]()
        pipe.say(READY)
        garbage.look_seldom()
        # The loop runs on meanwhile: clients have heartbeats to send.
        while (order := await asyncio.to_thread(pipe.heard)) is not None:
            name, arguments = order
            pipe.say(await able[name](*arguments))
