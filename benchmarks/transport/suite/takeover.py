"""One of two servers is killed under load: when are its calls answered by the other?"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.transport import tables
from benchmarks.transport.figures import Spread, percentile
from benchmarks.transport.line_up import OURS, LineUp, Transport
from benchmarks.transport.suite.options import Options

IN_FLIGHT = 64
"""Calls at once."""

_SECONDS = 12.0
_KILL_AFTER = 4.0


@dataclass(frozen=True, slots=True)
class Takeover:
    """What one kill did.

    Attributes:
        waits: seconds from the kill until each call that was held up by it was answered.
        answered: calls of the whole load that were answered.
        failed: calls of it that were not.

    """

    waits: list[float]
    answered: int
    failed: int


class NothingHeldUpError(Exception):
    """The kill held nothing up: nothing was measured."""


def measure(line_up: LineUp, options: Options) -> list[Takeover]:
    """Kill so often as there are rounds, with new servers and topics each time.

    Raises:
        NothingHeldUpError: a kill made no difference.
    """
    takeovers = []
    for _ in range(options.rounds):
        with ExitStack() as stack:
            transport = line_up.fresh(OURS, stack)
            if transport is not None:
                takeovers.append(_kill_one_of_two(transport, stack))
    return takeovers


def held_up(slow: list[list[float]], killed: float) -> list[float]:
    """Of calls by begin and end: how long after the kill those ended that it held up.

    A call that began later is held up, too, when it went to what the killed one had; it counts from
    the kill all the same.
    """
    return [end - killed for _, end in slow if end > killed]


def report(takeovers: list[Takeover]) -> str:
    """A table, a row for each kill, and one for all."""
    head = ["kill", "calls held up", "median s", "last answered s", "answered", "failed"]
    rows = [
        [
            str(number),
            str(len(each.waits)),
            f"{percentile(each.waits, 50):.2f}",
            f"{max(each.waits):.2f}",
            f"{each.answered:,}",
            str(each.failed),
        ]
        for number, each in enumerate(takeovers, 1)
    ]
    last = tables.seconds(Spread.of([max(each.waits) for each in takeovers]))
    return (
        f"**kill -9 of one of two servers, {IN_FLIGHT} calls in flight: seconds from the kill**\n\n"
        f"{tables.table(head, rows)}\n\nThe last call was answered after {last} s."
    )


def _kill_one_of_two(transport: Transport, stack: ExitStack) -> Takeover:
    victim = transport.serve().await_ready()
    stack.callback(victim.kill)
    stack.enter_context(transport.serve()).await_ready()
    client = stack.enter_context(transport.call()).await_ready()
    client.tell("load", IN_FLIGHT, _SECONDS)
    # By then the partitions are shared out, and both have work.
    time.sleep(_KILL_AFTER)
    killed = time.monotonic()
    victim.kill()
    answer = client.answer()
    if not isinstance(answer, dict):
        raise TypeError(f"no figures of a load: {answer!r}")
    waits = held_up(answer["slow"], killed)
    if not waits:
        raise NothingHeldUpError("no call took longer because of the kill")
    return Takeover(waits, answer["answered"], answer["failed"])
