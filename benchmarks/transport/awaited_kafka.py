"""What confluent-kafka can do for a program on asyncio: `raw_kafka`, awaited.

The floor of calls on Kafka with this client: a thread that reads, a key and a future for each
request, a task for each that is served. No deadline at the server, no metadata, no status, no
group, no commit; a request whose server dies is gone.
`serve BOOTSTRAP REQUESTS REPLIES`, `call BOOTSTRAP REQUESTS REPLIES`.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from confluent_kafka import Message

from benchmarks.measured import asynchronous, clocks
from benchmarks.measured.messages import TIMEOUT
from benchmarks.transport.raw_kafka import Wire, key_of, value_of

_MOMENT = 0.1


@contextmanager
def _read(wire: Wire, receive: Callable[[list[Message]], None]) -> Iterator[None]:
    """Have the loop receive what comes, until the end of the block, which closes the wire."""
    loop = asyncio.get_running_loop()
    stopping = threading.Event()

    def read() -> None:
        while not stopping.is_set():
            if came := wire.take(_MOMENT):
                loop.call_soon_threadsafe(receive, came)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield
    stopping.set()
    thread.join()
    wire.close()


@asynccontextmanager
async def _serve(bootstrap: str, requests: str, replies: str) -> AsyncIterator[None]:
    wire = Wire(bootstrap, to=replies, of=requests)
    running: set[asyncio.Task[None]] = set()

    async def echo(request: Message) -> None:
        wire.send(value_of(request), key_of(request))

    def receive(came: list[Message]) -> None:
        for request in came:
            task = asyncio.create_task(echo(request))
            running.add(task)
            task.add_done_callback(running.discard)

    with _read(wire, receive):
        yield


@asynccontextmanager
async def _connect(bootstrap: str, requests: str, replies: str) -> AsyncIterator[clocks.Call]:
    wire = Wire(bootstrap, to=requests, of=replies)
    waiting: dict[bytes, asyncio.Future[bytes]] = {}
    numbers = itertools.count()

    async def call(message: bytes) -> bytes:
        number = b"%d" % next(numbers)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting[number] = future
        wire.send(message, number)
        async with asyncio.timeout(TIMEOUT):
            return await future

    def receive(came: list[Message]) -> None:
        for reply in came:
            waiting.pop(key_of(reply)).set_result(value_of(reply))

    with _read(wire, receive):
        yield call


if __name__ == "__main__":
    asynchronous.main(_serve, _connect, clocks.orders)
