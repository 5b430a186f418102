"""Unary calls: what one takes, how many go through at once, what processors spend on them."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.transport import spending
from benchmarks.transport.figures import percentile
from benchmarks.transport.line_up import LineUp
from benchmarks.transport.noise import Noise
from benchmarks.transport.spending import Spending
from benchmarks.transport.suite import turns
from benchmarks.transport.suite.options import Options
from benchmarks.transport.suite.turns import Pair

MANY = (128, 512)
"""Calls in flight when throughput is measured."""

LOADS = (1, *MANY)
"""Calls in flight of each measurement."""

_WARM_UP = 0.5


@dataclass(slots=True)
class Figures:
    """Of one transport, a number a round.

    Attributes:
        p50: seconds that half of the calls with one in flight did not exceed.
        p99: seconds that 99 % of them did not exceed.
        rates: calls in a second, by load.
        spent: seconds of processor for a thousand calls, by load.

    """

    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rates: dict[int, list[float]] = field(default_factory=lambda: {load: [] for load in LOADS})
    spent: dict[int, list[Spending]] = field(default_factory=lambda: {load: [] for load in LOADS})


def measure(line_up: LineUp, options: Options, noise: Noise) -> dict[str, Figures]:
    """Measure each transport that can be, by turns; those that failed have no figures."""
    figures: dict[str, Figures] = {}

    def turn(pair: Pair) -> None:
        _turn(pair, figures.setdefault(pair.name, Figures()), options.seconds)

    with turns.running(line_up, options.names) as pairs:
        turns.take(line_up, pairs, 1, noise, lambda pair: _turn(pair, Figures(), _WARM_UP))
        turns.take(line_up, pairs, options.rounds, noise, turn)
    return {name: each for name, each in figures.items() if len(each.p50) == options.rounds}


def _turn(pair: Pair, figures: Figures, seconds: float) -> None:
    before = spending.now(pair.pids)
    latencies = _floats(pair.client.ask("alone", seconds))
    _note(figures, 1, len(latencies), sum(latencies), spending.now(pair.pids).since(before))
    figures.p50.append(percentile(latencies, 50))
    figures.p99.append(percentile(latencies, 99))
    for load in MANY:
        before = spending.now(pair.pids)
        calls, took = _floats(pair.client.ask("together", load, seconds))
        _note(figures, load, int(calls), took, spending.now(pair.pids).since(before))


def _note(figures: Figures, load: int, calls: int, took: float, spent: Spending) -> None:
    figures.rates[load].append(calls / took)
    thousand = {role: used / calls * 1000 for role, used in spent.of.items()}
    figures.spent[load].append(Spending(thousand))


def _floats(answer: object) -> list[float]:
    if not isinstance(answer, list):
        raise TypeError(f"no list: {answer!r}")
    return [float(each) for each in answer]
