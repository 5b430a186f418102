"""What is run, as values: a test compares them, the supervisor carries them out."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from local.stamp import Stamp


class Probe(Protocol):
    """A question to a process: can it be used?"""

    async def check(self) -> None:
        """Return when the process can be used.

        Raises:
            NotReadyError: it cannot, for the reason given.
        """


class NotReadyError(Exception):
    """The process cannot be used; the message says why."""


@dataclass(frozen=True)
class Program:
    """One process of the system: a server that stays, or a step that ends.

    Attributes:
        name: What people call it; also the name of its log.
        argv: The command. Its texts, and those of `env`, may hold `address_of(...)`.
        env: Variables beside those that every process gets.
        requires: Programs that must be ready before this one starts.
        uses: Programs that this one speaks to: it is stopped before them.
        probe: How a server is asked whether it is ready; None for a step, which is ready when it
            has ended with code 0, and for a server that announces.
        announces: The server's first line of output is its address, and means that it is ready.
        essential: Nothing works without it, so a failure at the start ends the start.
        stop_signal: Asks it to end.
        hurry_signal: Ends it now.
        grace: Seconds it has to end.
        start_timeout: Seconds it has to get ready.
        port: Where it listens, if that is known before.
        module: The Python module that a service runs: a saved file that it is made of, by its
            imports, starts it again.
        watches: Directories: a saved file in them runs a step again.
        stamp: Says whether a step has to be run at all.
        waits: It does most of its start before it is wanted, then reads a line: a JSON object of
            `env`; see `local.warm`. One of it is kept waiting for the next restart.
        reload_signal: Tells a server to take over what a step that it requires has made anew.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    probe: Probe | None = None
    announces: bool = False
    essential: bool = True
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    grace: float = 5.0
    start_timeout: float = 30.0
    port: int | None = None
    module: str | None = None
    watches: tuple[Path, ...] = ()
    stamp: Stamp | None = None
    waits: bool = False
    reload_signal: signal.Signals | None = None

    @property
    def is_step(self) -> bool:
        """Whether it does its work and ends."""
        return self.probe is None and not self.announces

    @property
    def is_done_once(self) -> bool:
        """Whether it is a step that no saved file runs again, and that nobody else should."""
        return self.is_step and not self.watches

    def needs_address_of(self, name: str) -> bool:
        """Whether it is told the address that this server announces."""
        place = address_of(name)
        return any(place in text for text in (*self.argv, *self.env.values()))


def address_of(name: str) -> str:
    """Stand in for the address that a server announces when it has started."""
    return f"<address of {name}>"


def resolve(text: str, addresses: Mapping[str, str]) -> str:
    """Put announced addresses in their places."""
    for name, address in addresses.items():
        text = text.replace(address_of(name), address)
    return text
