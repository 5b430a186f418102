"""Memory of 10,000 calls in flight: in the hands of a server, and waiting in the queue."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.transport import spending, tables
from benchmarks.transport.line_up import DIRECT, OURS, LineUp
from benchmarks.transport.processes import Process
from benchmarks.transport.suite.options import Options

CALLS = 10_000
"""In flight at once."""

_WARM_UP = 1.0
_HOLD = 40.0
_SETTLE = 6.0
_MANY = "20000"
_ONE = "1"
_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Case:
    """Where the calls are while memory is looked at.

    Attributes:
        said: in words.
        name: the transport's.
        more: further arguments of the server.

    """

    said: str
    name: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes that processes grew by while the calls were in flight."""

    case: Case
    client: int
    server: int


class NotInFlightError(Exception):
    """Calls were answered before memory was looked at."""


CASES = (
    Case("gRPC over Kafka, in handlers", OURS, (_MANY,)),
    Case("gRPC over Kafka, in the queue", OURS, (_ONE,)),
    Case("grpc.aio direct, in handlers", DIRECT),
)


def measure(line_up: LineUp, options: Options) -> list[Growth]:
    """Measure each case with processes of its own.

    Raises:
        NotInFlightError: the machine was too slow for the time that handlers take.
    """
    return [
        growth
        for case in CASES
        if case.name in options.names and (growth := _measure(line_up, case)) is not None
    ]


def report(growths: list[Growth]) -> str:
    """A table."""
    head = ["MiB", "client", "server"]
    rows = [
        [each.case.said, *[f"{size / _MEBIBYTE:.0f}" for size in (each.client, each.server)]]
        for each in growths
    ]
    return f"**Memory of {CALLS:,} calls in flight**\n\n{tables.table(head, rows)}"


def _measure(line_up: LineUp, case: Case) -> Growth | None:
    with ExitStack() as stack:
        transport = line_up.fresh(case.name, stack)
        if transport is None:
            return None
        server = transport.serve(*case.more).await_ready()
        client = transport.call().await_ready()
        # They do not end in order: calls that wait would be waited for.
        stack.callback(server.kill)
        stack.callback(client.kill)
        # One at a time: many at once would leave memory behind, to be used again unseen.
        client.ask("alone", _WARM_UP)
        before = spending.resident(client.pid), spending.resident(server.pid)
        _hold(client)
        return Growth(
            case,
            spending.resident(client.pid) - before[0],
            spending.resident(server.pid) - before[1],
        )


def _hold(client: Process) -> None:
    client.ask("hold", CALLS, _HOLD)
    time.sleep(_SETTLE)
    held = client.ask("held")
    if held != CALLS:
        raise NotInFlightError(f"{held} of {CALLS} calls are in flight still")
