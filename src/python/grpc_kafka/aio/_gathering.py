"""Requests larger than a record: their parts wait here for the end that begins the call."""

from __future__ import annotations

import asyncio
import logging
from typing import NamedTuple

from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka.aio._intake import Ticket
from grpc_kafka.protocol import Collected, Part, Request

PATIENCE = 30.0
"""Seconds that parts are kept whose end does not come: their client has died in between."""

MOST = 64 * 1024 * 1024
"""Bytes that the parts of all requests take whose ends have not come. One request may have more
when it is the only one: then its own limit holds."""

_LOG = logging.getLogger(__name__)
# What the smallest part costs, in bytes: many small ones are to fill no memory either.
_OVERHEAD = 512


class Whole(NamedTuple):
    """A request as it was before it was cut.

    `size` is what its message had: past the limit it is not here any more. `tickets` are of all
    the records that it came in.
    """

    request: Request
    size: int
    tickets: list[Ticket]


class _Gathered:
    def __init__(self, limit: int | None, timer: asyncio.TimerHandle) -> None:
        self.collected = Collected(limit)
        self.tickets: list[Ticket] = []
        self.timer = timer

    @property
    def cost(self) -> int:
        return self.collected.kept + _OVERHEAD * len(self.tickets)


class Gathering:
    """Collects the parts of requests.

    Args:
        limit: bytes that a request may have; past it parts are not kept.
        counters: where requests are counted that do not come whole.

    """

    def __init__(self, limit: int | None, counters: Counters) -> None:
        self._limit = limit
        self._counters = counters
        self._cost = 0
        self._loop = asyncio.get_running_loop()
        self._gathered: dict[bytes, _Gathered] = {}

    def add(self, part: Part, ticket: Ticket) -> None:
        """Keep a part, and what it was delivered by.

        What was begun longest ago is dropped when all together take too much.
        """
        gathered = self._gathered.get(part.call_id)
        if gathered is None:
            timer = self._loop.call_later(PATIENCE, self._drop, part.call_id, "its end is late")
            gathered = self._gathered[part.call_id] = _Gathered(self._limit, timer)
        self._cost -= gathered.cost
        gathered.collected.add(part.sequence, part.message)
        gathered.tickets.append(ticket)
        self._cost += gathered.cost
        while self._cost > MOST and len(self._gathered) > 1:
            self._drop(next(iter(self._gathered)), "parts of requests take too much memory")

    def complete(self, request: Request, ticket: Ticket) -> Whole | None:
        """The whole request; None when parts are missing, which are not going to come."""
        if not request.parts:
            return Whole(request, len(request.message), [ticket])
        gathered = self._take(request.call_id)
        tickets = [*(gathered.tickets if gathered else ()), ticket]
        if gathered is None or not gathered.collected.is_whole(request.parts):
            if gathered is not None:
                self._count(request.call_id, "parts of it are missing")
            for each in tickets:
                each.finish()
            return None
        collected = gathered.collected
        size = collected.size + len(request.message)
        whole = request._replace(message=collected.join(request.message), parts=0)
        return Whole(whole, size, tickets)

    def drop_void(self) -> None:
        """Leave to other servers what is theirs now."""
        for key, gathered in list(self._gathered.items()):
            if all(ticket.void for ticket in gathered.tickets):
                self._take(key)
                for ticket in gathered.tickets:
                    ticket.drop()

    def close(self) -> None:
        """Leave all to other servers."""
        for gathered in self._gathered.values():
            gathered.timer.cancel()
            for ticket in gathered.tickets:
                ticket.drop()
        self._gathered.clear()
        self._cost = 0

    def forget(self, call_id: bytes) -> None:
        """Nobody waits for this call: its parts need not be delivered again."""
        gathered = self._take(call_id)
        if gathered is not None:
            for ticket in gathered.tickets:
                ticket.finish()

    def _take(self, call_id: bytes) -> _Gathered | None:
        gathered = self._gathered.pop(call_id, None)
        if gathered is not None:
            gathered.timer.cancel()
            self._cost -= gathered.cost
        return gathered

    def _drop(self, call_id: bytes, why: str) -> None:
        self._count(call_id, why)
        self.forget(call_id)

    def _count(self, call_id: bytes, why: str) -> None:
        self._counters.incomplete += 1
        count = self._counters.incomplete
        if is_worth_a_line(count):
            _LOG.warning("request %s is dropped: %s (%d so far)", call_id.hex(), why, count)
