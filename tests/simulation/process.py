"""A simulated process: an event loop, a clock, a network link, and a life that can end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.simulation.loop import ProcessLoop
from tests.simulation.timeline import KilledError, Timeline

_USUAL = 0.003
_RARE = 0.02
_SLOW = 0.15


class Process:
    """One process of the simulated world.

    Args:
        name: for people.
        timeline: the world's.
        network: how long things take.
        skew: seconds that its clock is ahead.
        failed: told of exceptions that nobody in it caught.

    Attributes:
        cut_until: when brokers can be reached again.
        disturbed_until: when the last thing ends, or ended, that kept it from its work.
        died: called when it is killed.
        silenced: whether it was killed while nothing of it reached the brokers.

    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        network: Random,
        *,
        skew: float,
        failed: Callable[[str, str], None],
    ) -> None:
        self.name = name
        self.skew = skew
        self.cut_until = 0.0
        self.disturbed_until = 0.0
        self.silenced = False
        self.died: list[Callable[[], None]] = []
        self.loop = ProcessLoop(timeline, skew, lambda said: failed(name, said))
        self._timeline = timeline
        self._network = network

    @property
    def alive(self) -> bool:
        """Whether it was not killed."""
        return not self.loop.dead

    @property
    def away(self) -> float:
        """Seconds until the brokers hear of it again."""
        until = max(self.cut_until, self.loop.frozen_until)
        return max(until - self._timeline.now, 0.0)

    def delay(self) -> float:
        """How long something takes on its way, once the link is there."""
        drawn = self._network.random()
        usual = self.away + drawn * _USUAL
        return usual + self._network.random() * _SLOW if drawn < _RARE else usual

    def run[*A](self, call: Callable[[*A], object], *arguments: *A) -> None:
        """Have its event loop call something soon."""
        self.loop.call_soon(call, *arguments)

    def start(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have it run a coroutine."""
        self.run(lambda: self.loop.create_task(main()))

    def kill(self) -> None:
        """End it as `kill -9` does; called by its own code, that is left at once."""
        if self.alive:
            self.silenced = self.away > 0
            self.loop.dead = True
            for died in self.died:
                died()
        if asyncio._get_running_loop() is self.loop:
            raise KilledError

    def cut(self, seconds: float) -> None:
        """Let it reach no broker for a while."""
        self.cut_until = max(self.cut_until, self._timeline.now + seconds)
        self.disturbed_until = max(self.disturbed_until, self.cut_until)

    def freeze(self, seconds: float) -> None:
        """Let it stand still for a while."""
        until = max(self.loop.frozen_until, self._timeline.now + seconds)
        self.loop.frozen_until = until
        self.disturbed_until = max(self.disturbed_until, until)

    def heal(self) -> None:
        """Let it reach brokers again from now on."""
        self.cut_until = self._timeline.now
