"""Keeps a warm process waiting behind each service, while nothing else is to be done."""

import asyncio
from collections.abc import Iterable
from itertools import cycle

from local.part import Part, State

_INTERVAL = 0.5  # seconds; a service that was just started has the processor for itself so long


class Warmth:
    """Looks after the parts, and warms up one at a time."""

    def __init__(self, parts: Iterable[Part], started: asyncio.Event) -> None:
        self._parts = [part for part in parts if part.program.waits]
        self._started = started

    async def run(self) -> None:
        """Look until cancelled."""
        await self._started.wait()
        for part in cycle(self._parts):
            await asyncio.sleep(_INTERVAL)
            if part.state in {State.READY, State.FAILED}:
                await part.warm_up()
