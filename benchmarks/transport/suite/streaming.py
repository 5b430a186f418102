"""Streams: messages a second in each direction, beside grpc.aio direct."""

from __future__ import annotations

from benchmarks.transport import tables
from benchmarks.transport.figures import Spread, ratios
from benchmarks.transport.line_up import DIRECT, OURS, LineUp
from benchmarks.transport.noise import Noise
from benchmarks.transport.promises import Promise
from benchmarks.transport.streams import DIRECTIONS
from benchmarks.transport.suite import turns
from benchmarks.transport.suite.options import Options
from benchmarks.transport.suite.turns import Pair

MESSAGES = 10_000
"""Of one stream; one that goes both ways has as many in each direction."""

_WARM_UP = 2_000

type Rates = dict[str, list[float]]
"""Messages a second by order, a number a round."""


def measure(line_up: LineUp, options: Options, noise: Noise) -> dict[str, Rates]:
    """Measure those of gRPC, by turns; those that failed have no figures."""
    rates: dict[str, Rates] = {}

    def turn(pair: Pair) -> None:
        own = rates.setdefault(pair.name, {order: [] for order in DIRECTIONS})
        for order in DIRECTIONS:
            own[order].append(MESSAGES / _seconds(pair, order, MESSAGES))

    def warm_up(pair: Pair) -> None:
        for order in DIRECTIONS:
            _seconds(pair, order, _WARM_UP)

    names = tuple(name for name in options.names if name in {DIRECT, OURS})
    with turns.running(line_up, names) as pairs:
        turns.take(line_up, pairs, 1, noise, warm_up)
        turns.take(line_up, pairs, options.rounds, noise, turn)
    return {name: each for name, each in rates.items() if len(each["exchange"]) == options.rounds}


def report(rates: dict[str, Rates]) -> str:
    """A table of rates."""
    head = ["", *DIRECTIONS.values()]
    rows = [
        [name, *[tables.rate(Spread.of(each[order])) for order in DIRECTIONS]]
        for name, each in rates.items()
    ]
    return f"**Streams: messages of 100 bytes a second**\n\n{tables.table(head, rows)}"


def promises(rates: dict[str, Rates]) -> list[Promise]:
    """What was promised about them, as far as it was measured."""
    if DIRECT not in rates or OURS not in rates:
        return []
    return [
        Promise(
            f"stream messages/s beside grpc.aio direct, {direction}",
            ratios(rates[OURS][order], rates[DIRECT][order]),
            least=1.0,
        )
        for order, direction in DIRECTIONS.items()
    ]


def _seconds(pair: Pair, order: str, number: int) -> float:
    took = pair.client.ask(order, number)
    if not isinstance(took, float):
        raise TypeError(f"no seconds: {took!r}")
    return took
