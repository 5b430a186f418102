"""How long fresh processes take until they are of use."""

from __future__ import annotations

import time
from contextlib import ExitStack

from benchmarks.transport import tables
from benchmarks.transport.figures import Spread
from benchmarks.transport.line_up import LineUp, Transport
from benchmarks.transport.suite.options import Options

type Times = dict[str, list[float]]
"""Seconds by column, a number a repetition."""

COLUMNS = ("server ready", "client's first reply", "both")
"""From the start of the server's process until it says that it is ready; then from the start of
the client's process until its first call is answered; and the sum."""


def measure(line_up: LineUp, options: Options) -> dict[str, Times]:
    """Start each transport's processes anew in each round; the brokers run on."""
    times: dict[str, Times] = {}
    with ExitStack() as stack:
        fresh = (line_up.fresh(name, stack) for name in options.names)
        transports = [transport for transport in fresh if transport is not None]
        for _ in range(options.rounds):
            for transport in transports:
                own = times.setdefault(transport.name, {column: [] for column in COLUMNS})
                for column, took in zip(COLUMNS, _start(transport), strict=True):
                    own[column].append(took)
    return times


def report(times: dict[str, Times]) -> str:
    """A table."""
    rows = [
        [name, *[tables.seconds(Spread.of(each[column])) for column in COLUMNS]]
        for name, each in times.items()
    ]
    return f"**Start-up in seconds**\n\n{tables.table(['', *COLUMNS], rows)}"


def _start(transport: Transport) -> tuple[float, float, float]:
    begin = time.perf_counter()
    with transport.serve() as server:
        server.await_ready()
        ready = time.perf_counter()
        with transport.call() as client:
            client.await_ready()
            replied = time.perf_counter()
    return ready - begin, replied - ready, replied - begin
