"""Which records leave at once, and which wait a moment to leave together."""

from __future__ import annotations

import asyncio
from typing import Protocol

from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka._joining import joined
from grpc_kafka._kafka._line import Parcel

FEW = 8
"""So many unacknowledged records hold up nothing."""

PAUSE = 0.001
"""Seconds between two looks at what is acknowledged, and so between two batches."""

LONGEST = 0.1
"""Seconds that records wait at most: a broker that is slow must not keep them from the others."""

_MEMORY = 0.01


class Way(Protocol):
    """A producer, as an outbox uses it."""

    @property
    def unacknowledged(self) -> int:
        """How many records were handed over that no broker has acknowledged."""

    def put(self, parcel: Parcel) -> None:
        """Hand a record over.

        Raises:
            BrokerError: it was refused at once, and its report will not be called.
        """


class Outbox:
    """Lets few records through at once, and many together, as Nagle (RFC 896) does.

    While little is under way nothing waits. When much is, whatever comes leaves together once
    that is acknowledged, and so does what comes soon after: calls that were answered together
    are followed by others together. Per record a batch costs a fraction of the work, here, at
    the broker, and at whoever reads it.

    That the batches have a producer of their own is due to librdkafka: to keep their order it
    has at most five records of a partition under way, and as long as more wait than its linger
    allows, its thread asks the socket again and again. With a linger a whole batch is there
    before any of it leaves; without, single records need not wait. Records leave in their order:
    neither producer is given any while the other has some under way.

    Args:
        single: sends at once.
        batch: waits for what is handed over in the same moment.

    """

    def __init__(self, single: Way, batch: Way) -> None:
        self._single = single
        self._batch = batch
        self._loop = asyncio.get_running_loop()
        self._held: list[Parcel] = []
        self._timer: asyncio.TimerHandle | None = None
        self._latest = self._busy_until = 0.0

    def put(self, parcel: Parcel) -> None:
        """Hand a record over, now or soon.

        Raises:
            BrokerError: it was refused now; when it is refused later, its report is told.
        """
        if self._timer is None:
            now = self._loop.time()
            few = not self._batch.unacknowledged and self._single.unacknowledged < FEW
            if few and now >= self._busy_until:
                self._single.put(parcel)
                return
            self._latest = now + LONGEST
            self._timer = self._loop.call_at(now + PAUSE, self._look)
        self._held.append(parcel)

    def flush(self) -> None:
        """Hand over now what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        way = self._single if self._single.unacknowledged else self._batch
        for parcel in joined(held, self._apart):
            _give(way, parcel)

    def _apart(self, parcel: Parcel) -> None:
        _give(self._single, parcel)

    def _look(self) -> None:
        now = self._loop.time()
        if now < self._latest and (self._single.unacknowledged or self._batch.unacknowledged):
            self._timer = self._loop.call_at(now + PAUSE, self._look)
            return
        if len(self._held) > FEW:
            self._busy_until = now + _MEMORY
        self.flush()


def _give(way: Way, parcel: Parcel) -> None:
    try:
        way.put(parcel)
    except BrokerError as error:
        parcel.report(error)
