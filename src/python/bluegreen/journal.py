"""Writes down what becomes of steps: in the log on the server, and for whoever watches."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from bluegreen.errors import PortError, TemporaryError, why
from bluegreen.ports import Clock
from bluegreen.store import Event, Record

_PAUSE = 1.0
_LONGEST_PAUSE = 8.0

type Listener = Callable[[Record], None]
"""Is told what becomes of steps, as it happens."""


class Log(Protocol):
    """Where records are kept; `bluegreen.store.Store` is that of a server."""

    def within(self, seconds: float) -> "Log":
        """The same, with this time at the most for each thing that it does."""

    def now(self) -> datetime:
        """The time that they are of."""

    def note(self, record: Record) -> None:
        """Keep one."""


class NoLog:
    """That of what no server is told of, such as a build for no destination."""

    def within(self, seconds: float) -> "Log":  # noqa: ARG002
        """Itself: nothing of it takes time."""
        return self

    def now(self) -> datetime:
        """The time here."""
        return datetime.now(UTC)

    def note(self, record: Record) -> None:
        """Keep it nowhere."""


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


@dataclass
class Ending:
    """What is to be written down of a stage that ends well.

    Attributes:
        detail: What it found out.
        was_so: Whether there was nothing to do.
    """

    detail: str = ""
    was_so: bool = False


class Journal:
    """The log of one run.

    Args:
        log: Where it is kept.
        clock: Time here.
        run: Whose log.
        listener: Is told each record, before it is written; with the time here while the log is
            away.
    """

    def __init__(self, log: Log, clock: Clock, run: Run, listener: Listener) -> None:
        self.run = run
        self._log = log
        self._clock = clock
        self._listener = listener
        self._is_there = False

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
        self._write(step, event, began, detail, version, within=within, patient=True)

    @contextmanager
    def stage(self, name: str, version: str = "") -> Iterator[Ending]:
        """Write down what is done while the context is entered, and what became of it.

        A server that does not take a line of it changes nothing of what is done, and of its end.

        Args:
            name: What to call it.
            version: The release that it is done with.
        """
        began = self._clock.monotonic()
        self._note_if_possible(name, Event.STARTED, began, version=version)
        ending = Ending()
        try:
            yield ending
        except (Exception, KeyboardInterrupt) as error:
            self._note_if_possible(name, Event.FAILED, began, why(error), version)
            raise
        event = Event.SKIPPED if ending.was_so else Event.SUCCEEDED
        self._note_if_possible(name, event, began, ending.detail, version)

    def _note_if_possible(
        self, step: str, event: Event, began: float, detail: str = "", version: str = ""
    ) -> None:
        # Only a server that took the line before is waited for: one that is away was, or was not
        # reached at all.
        with suppress(PortError):
            self._write(step, event, began, detail, version, patient=self._is_there)

    def _write(
        self,
        step: str,
        event: Event,
        began: float,
        detail: str,
        version: str = "",
        *,
        within: float = math.inf,
        patient: bool,
    ) -> None:
        seconds = round(self._clock.monotonic() - began, 3)  # without what the log itself takes
        self._is_there = False
        log = self._log.within(within)
        trying = within if patient else 0.0
        told = partial(
            Record,
            run=self.run.id,
            owner=self.run.owner,
            step=step,
            event=event,
            seconds=seconds,
            detail=self.run.redact(detail),
            version=version,
        )
        try:
            record = told(at=patiently(self._clock, log.now, trying))
        except PortError:
            self._listener(told(at=datetime.now(UTC)))
            raise
        self._listener(record)
        patiently(self._clock, lambda: log.note(record), trying)
        self._is_there = True


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
