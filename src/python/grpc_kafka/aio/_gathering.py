"""Requests larger than a record: their parts wait here for the end that begins the call."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from grpc_kafka.aio._intake import Ticket
from grpc_kafka.protocol import Collected, Part, Request

PATIENCE = 30.0
"""Seconds that parts are kept whose end does not come: their client has died in between."""


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


class Gathering:
    """Collects the parts of requests.

    Args:
        limit: bytes that a request may have; past it parts are not kept.

    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._gathered: dict[bytes, _Gathered] = {}

    def add(self, part: Part, ticket: Ticket) -> None:
        """Keep a part, and what it was delivered by."""
        gathered = self._gathered.get(part.call_id)
        if gathered is None:
            timer = self._loop.call_later(PATIENCE, self.forget, part.call_id)
            gathered = self._gathered[part.call_id] = _Gathered(self._limit, timer)
        gathered.collected.add(part.sequence, part.message)
        gathered.tickets.append(ticket)

    def complete(self, request: Request, ticket: Ticket) -> Whole | None:
        """The whole request; None when parts are missing, which are not going to come."""
        if not request.parts:
            return Whole(request, len(request.message), [ticket])
        gathered = self._take(request.call_id)
        tickets = [*(gathered.tickets if gathered else ()), ticket]
        if gathered is None or not gathered.collected.is_whole(request.parts):
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
                gathered.timer.cancel()
                del self._gathered[key]
                for ticket in gathered.tickets:
                    ticket.drop()

    def close(self) -> None:
        """Leave all to other servers."""
        for gathered in self._gathered.values():
            gathered.timer.cancel()
            for ticket in gathered.tickets:
                ticket.drop()
        self._gathered.clear()

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
        return gathered
