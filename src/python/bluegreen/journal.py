"""Writes down what becomes of steps: in the log on the server, and for whoever watches."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bluegreen.errors import TemporaryError
from bluegreen.ports import Clock
from bluegreen.store import Event, Record, Store

_PAUSE = 1.0
_LONGEST_PAUSE = 8.0

type Listener = Callable[[Record], None]
"""Is told what becomes of steps, as it happens."""


@dataclass(frozen=True)
class Run:
    """A run of the deployer.

    Attributes:
        id: Names it in the log.
        owner: Who asked for it.
        redact: Takes secrets out of what is written down.
    """

    id: str
    owner: str
    redact: Callable[[str], str]


class Journal:
    """The log of one run.

    Args:
        store: The deployer's files.
        clock: Time here.
        run: Whose log.
        listener: Is told each record, before it is written.
    """

    def __init__(self, store: Store, clock: Clock, run: Run, listener: Listener) -> None:
        self.run = run
        self._store = store
        self._clock = clock
        self._listener = listener

    def note(
        self,
        step: str,
        event: Event,
        began: float,
        detail: str = "",
        version: str = "",
        within: float = math.inf,
    ) -> None:
        """Write down what became of a step that began at a time of the clock.

        Args:
            step: Its name.
            event: What became of it.
            began: By the clock.
            detail: Why it failed; what it found out.
            version: The release that it was done with.
            within: Seconds that this may take; as long as it is worth trying by default.

        Raises:
            PortError: the server does not take it.
        """
        seconds = round(self._clock.monotonic() - began, 3)  # without what the log itself takes
        store = self._store.within(within)
        record = Record(
            at=patiently(self._clock, store.now, within),
            run=self.run.id,
            owner=self.run.owner,
            step=step,
            event=event,
            seconds=seconds,
            detail=self.run.redact(detail),
            version=version,
        )
        self._listener(record)
        patiently(self._clock, lambda: store.note(record), within)


def patiently[T](clock: Clock, act: Callable[[], T], within: float = math.inf) -> T:
    """Do what concerns the deployer's own files, again and again for 15 s while it fails for now.

    Args:
        clock: Time here.
        act: Does it.
        within: Seconds after which it is not tried again.

    Raises:
        PortError: it fails for good, or for longer.
    """
    pause, end = _PAUSE, clock.monotonic() + within
    while True:
        try:
            return act()
        except TemporaryError:
            if pause > _LONGEST_PAUSE or clock.monotonic() + pause > end:
                raise
        clock.sleep(pause)
        pause *= 2
