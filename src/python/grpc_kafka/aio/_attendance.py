"""Whether any process serves a queue, for calls that are not to wait for one.

A queue is looked at only while such calls are made or under way, once an interval and beside them:
none but the first waits for a look, the others go by what was seen last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import grpc

from grpc_kafka._errors import BrokerError
from grpc_kafka.aio._outcome import Outcome

if TYPE_CHECKING:
    from grpc_kafka._broker import Lookout

_LOG = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks at a queue."""

LINGER = 5.0
"""Seconds that a queue is looked at after the last call that asked for it."""

type Go = Callable[[], None]


class Hasty(Protocol):
    """A call that does not wait for a server."""

    call_id: bytes

    def abandon(self, outcome: Outcome) -> None:
        """End it here, and tell a server that may have its REQUEST."""


class Attendance:
    """Lets calls go to queues that are served, and ends those that nobody would take.

    Args:
        lookout: looks.

    """

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self._watches: dict[str, _Watch] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._blind: set[str] = set()

    def admit(self, queue: str, call: Hasty, go: Go) -> None:
        """Have `go` called, at once where it is known that the queue is served; or end the call.

        From then on the call ends when nobody serves the queue any more, until `forget`.
        """
        watch = self._watches.get(queue)
        if watch is None:
            watch = self._watches[queue] = _Watch(queue)
            task = asyncio.get_running_loop().create_task(self._keep_looking(watch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        watch.admit(call, go)

    def forget(self, call_id: bytes) -> None:
        """Leave a call alone: it is over, or a server has it."""
        for watch in self._watches.values():
            watch.forget(call_id)

    async def close(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._lookout.close()

    async def _keep_looking(self, watch: _Watch) -> None:
        loop = asyncio.get_running_loop()
        try:
            while watch.wanted:
                due = loop.time() + INTERVAL
                watch.learn(await self._look(watch.queue))
                await asyncio.sleep(due - loop.time())
        finally:
            del self._watches[watch.queue]
            # Empty, unless a bug ended this.
            watch.let_go()

    async def _look(self, queue: str) -> bool | None:
        try:
            return await self._lookout.served(queue)
        except BrokerError as error:
            if queue not in self._blind:
                self._blind.add(queue)
                _LOG.warning(
                    "it cannot be told whether any process serves %s: %s; "
                    "calls that will not wait for one are sent all the same",
                    queue,
                    error.reason,
                )
            return None


class _Watch:
    """A queue, what was seen of it last, and the calls that go by it."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self._loop = asyncio.get_running_loop()
        self._until = 0.0
        self._nobody: bool | None = None
        self._deserted = False
        self._waiting: dict[bytes, tuple[Hasty, Go]] = {}
        self._gone: dict[bytes, Hasty] = {}

    @property
    def wanted(self) -> bool:
        """Whether anybody would go by another look."""
        return bool(self._waiting or self._gone) or self._loop.time() < self._until

    def admit(self, call: Hasty, go: Go) -> None:
        self._until = self._loop.time() + LINGER
        if self._nobody is None:
            self._waiting[call.call_id] = call, go
        elif self._deserted:
            self._end(call)
        else:
            self._gone[call.call_id] = call
            go()

    def forget(self, call_id: bytes) -> None:
        self._waiting.pop(call_id, None)
        self._gone.pop(call_id, None)

    def learn(self, served: bool | None) -> None:
        """Go by what was seen; None: nothing was, and the queue passes for served.

        Who is not seen any more is looked for once again: brokers may be at changing places, and
        an answer that was given before it left in order is here by then.
        """
        before, self._nobody = self._nobody, served is False
        self._deserted = self._nobody and before is not False
        if not self._deserted:
            self.let_go()
            return
        for call in [*self._gone.values(), *[call for call, _ in self._waiting.values()]]:
            self._end(call)

    def let_go(self) -> None:
        """Let those go that wait for a look."""
        while self._waiting:
            call_id, (call, go) = next(iter(self._waiting.items()))
            del self._waiting[call_id]
            self._gone[call_id] = call
            go()

    def _end(self, call: Hasty) -> None:
        self.forget(call.call_id)
        call.abandon(Outcome(grpc.StatusCode.UNAVAILABLE, f"no process serves {self.queue}"))
