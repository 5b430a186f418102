"""Where the transport looks at the world outside: the clock, ids, and the order in memory.

Beside the broker's port and the event loop these are all; a test holds the list to the code.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

from grpc_kafka.aio import (
    _call_ids,
    _connection,
    _dead_letters,
    _dispatcher,
    _home,
    _records,
    _rpc,
    _stream_call,
)
from tests.simulation.loop import ProcessLoop

CLOCKS = (_connection, _dead_letters, _dispatcher, _rpc, _stream_call)
SECRETS = (_home, _records)


class _Clock:
    """`time`, as far as the transport uses it."""

    @staticmethod
    def time() -> float:
        """What the clock of the process says that runs now."""
        loop = asyncio._get_running_loop()
        return loop.wall() if isinstance(loop, ProcessLoop) else 0.0


class _Ids:
    """`os.urandom` and `secrets.token_hex`, repeatable."""

    def __init__(self, ids: Random) -> None:
        self._ids = ids

    def urandom(self, size: int) -> bytes:
        """So many bytes."""
        return self._ids.randbytes(size)

    def token_hex(self, size: int) -> str:
        """So many bytes, in hexadecimal digits."""
        return self._ids.randbytes(size).hex()


@contextmanager
def swapped(owner: object, name: str, value: object) -> Iterator[None]:
    """Have another value stand under a name of a module or a class, for a while."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _hash_of_call(rpc: _rpc.Rpc) -> int:
    return int.from_bytes(rpc.request.call_id[:7])


@contextmanager
def replaced(ids: Random) -> Iterator[None]:
    """Let the transport see the simulated world only, and keep its log to itself."""
    log = logging.getLogger("grpc_kafka")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    made = _Ids(ids)
    with ExitStack() as stack:
        for module in CLOCKS:
            stack.enter_context(swapped(module, "time", _Clock))
        for module in SECRETS:
            stack.enter_context(swapped(module, "secrets", made))
        stack.enter_context(swapped(_call_ids, "os", made))
        # A server ends its calls in the order of a set, and that by their addresses.
        stack.enter_context(swapped(_rpc.Rpc, "__hash__", _hash_of_call))
        try:
            yield
        finally:
            log.setLevel(level)
