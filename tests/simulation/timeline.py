"""Virtual time: what is to happen when, and to whom; time jumps to whatever is next."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.loop import ProcessLoop


class KilledError(SystemExit):
    """Raised inside a process that kills itself: nothing of it runs any more."""


class StuckError(Exception):
    """A run takes so many steps that it will not end."""


class Timeline:
    """A queue of all that will happen in a simulated world.

    What is for a process runs as its event loop would run it; everything else is the world's own
    (a network that delivers, a broker that notices). What is due at one time happens in the
    order in which it was arranged.

    Attributes:
        now: seconds since the world began.
        steps: how much happened so far.

    """

    def __init__(self, limit: int) -> None:
        self.now = 0.0
        self.steps = 0
        self._limit = limit
        self._number = 0
        self._ready: deque[tuple[ProcessLoop, asyncio.Handle]] = deque()
        self._later: list[
            tuple[float, int, ProcessLoop | None, asyncio.Handle | Callable[[], None]]
        ] = []

    def soon(self, loop: ProcessLoop, handle: asyncio.Handle) -> None:
        """Run a process's callback when those before it have run."""
        self._ready.append((loop, handle))

    def at(self, when: float, loop: ProcessLoop, handle: asyncio.Handle) -> None:
        """Run a process's callback at a time."""
        self._number += 1
        heapq.heappush(self._later, (when, self._number, loop, handle))

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Have something happen to the world."""
        self._number += 1
        heapq.heappush(self._later, (self.now + delay, self._number, None, action))

    def run(self, until: float, done: Callable[[], bool] | None = None) -> None:
        """Let things happen until that time, or until `done` says so.

        Raises:
            StuckError: it does not come to an end.
        """
        while self._step(until):
            if done is not None and not self._ready and done():
                return
        self.now = max(self.now, until)

    def _step(self, until: float) -> bool:
        if self._ready:
            self._run(*self._ready.popleft())
        elif self._later and self._later[0][0] <= until:
            when, _, loop, action = heapq.heappop(self._later)
            if isinstance(action, asyncio.Handle):
                if loop is None or action.cancelled():
                    return True
                self.now = max(self.now, when)
                self._run(loop, action)
            else:
                self.now = max(self.now, when)
                action()
        else:
            return False
        self.steps += 1
        if self.steps > self._limit:
            raise StuckError(f"not over after {self.steps} steps, {self.now:.3f} s")
        return True

    def _run(self, loop: ProcessLoop, handle: asyncio.Handle) -> None:
        if loop.dead or handle.cancelled():
            return
        if loop.frozen_until > self.now:
            self.at(loop.frozen_until, loop, handle)
            return
        asyncio._set_running_loop(loop)
        try:
            handle._run()
        except KilledError:
            # It is dead already; this is only how its code was left.
            pass
        finally:
            asyncio._set_running_loop(None)
