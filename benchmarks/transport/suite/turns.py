"""Transports that run side by side and are measured by turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.transport.line_up import LineUp, Transport
from benchmarks.transport.noise import Noise
from benchmarks.transport.processes import Process, ProcessError

_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Pair:
    """A client and its server, that do nothing until the client is told to.

    Attributes:
        name: the transport's.
        client: what is told.
        pids: by role: of client, server and, where there is one and it is known, broker.

    """

    name: str
    client: Process
    pids: dict[str, int]


@contextmanager
def running(line_up: LineUp, names: tuple[str, ...]) -> Iterator[list[Pair]]:
    """Start each of these transports that can be; the line-up notes those that cannot, and why."""
    with ExitStack() as stack:
        pairs = []
        for name in names:
            try:
                transport = line_up.fresh(name, stack)
                if transport is not None:
                    pairs.append(_start(transport, stack))
            except ProcessError as error:
                line_up.failed.append(f"{name}: {error}")
        yield pairs


def _start(transport: Transport, stack: ExitStack) -> Pair:
    server = stack.enter_context(transport.serve()).await_ready()
    client = stack.enter_context(transport.call()).await_ready()
    pids = {"client": client.pid, "server": server.pid}
    if transport.broker is not None:
        pids["broker"] = transport.broker
    return Pair(transport.name, client, pids)


def take(
    line_up: LineUp, pairs: list[Pair], rounds: int, noise: Noise, turn: Callable[[Pair], None]
) -> None:
    """Give each a turn in every round, another one the first each time.

    One that fails is noted in the line-up and takes no further part.
    """
    left = list(pairs)
    for number in range(rounds):
        noise.sample()
        first = number % max(1, len(left))
        for pair in left[first:] + left[:first]:
            time.sleep(_PAUSE)
            try:
                turn(pair)
            except ProcessError as error:
                line_up.failed.append(f"{pair.name}: {error}")
                left.remove(pair)
