"""What is told of unary calls."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.transport import tables
from benchmarks.transport.figures import Spread, ratios
from benchmarks.transport.line_up import AWAITED, DIRECT, KAFKA_PEERS, NATS, OURS, RAW
from benchmarks.transport.promises import Promise
from benchmarks.transport.spending import ROLES
from benchmarks.transport.suite.unary import LOADS, MANY, Figures

type All = Mapping[str, Figures]

_MOST_TIMES_RAW = 1.15
_LEAST_TIMES_DIRECT = {128: 3.0, 512: 5.0}


def report(figures: All) -> str:
    """Tables: times and rates, how far ahead ours is, processors' time."""
    parts = [("Unary calls", _speeds(figures))]
    if OURS in figures:
        parts.append(
            ("gRPC over Kafka is so many times as fast (below 1: slower)", _ahead(figures))
        )
    parts.append(
        ("Seconds of processor for 1,000 calls: client + server + broker", _spent(figures))
    )
    return "\n\n".join(f"**{title}**\n\n{text}" for title, text in parts)


def promises(figures: All) -> list[Promise]:
    """What was promised about them, as far as it was measured."""
    if OURS not in figures:
        return []
    kept = []
    for floor in (each for each in (RAW, AWAITED) if each in figures):
        slower = ratios(figures[OURS].p50, figures[floor].p50)
        kept.append(Promise(f"p50 beside {floor}", slower, most=_MOST_TIMES_RAW))
    if DIRECT in figures:
        for load, least in _LEAST_TIMES_DIRECT.items():
            faster = ratios(figures[OURS].rates[load], figures[DIRECT].rates[load])
            said = f"calls/s beside grpc.aio direct, {load} in flight"
            kept.append(Promise(said, faster, least=least))
    for peer in KAFKA_PEERS:
        if peer in figures:
            for load, faster in _faster(figures, peer).items():
                kept.append(Promise(f"ahead of {peer}, {load} in flight", faster, least=1.0))
    return kept


def where_others_win(figures: All) -> str:
    """A sentence about NATS; empty when it was not measured."""
    if NATS not in figures or OURS not in figures:
        return ""
    parts = [
        f"with {load} in flight {_won_or_lost(faster.middle)}"
        for load, faster in _faster(figures, NATS).items()
    ]
    return f"NATS, beside gRPC over Kafka: {', '.join(parts)}."


def _won_or_lost(times: float) -> str:
    return f"it is behind, x{times:.2f}" if times >= 1 else f"it wins, x{1 / times:.2f}"


def _faster(figures: All, peer: str) -> dict[int, Spread]:
    """How many times as fast ours is, by load: alone by p50, otherwise by rate."""
    ours, others = figures[OURS], figures[peer]
    rates = {load: ratios(ours.rates[load], others.rates[load]) for load in MANY}
    return {1: ratios(others.p50, ours.p50), **rates}


def _speeds(figures: All) -> str:
    head = ["", "p50 ms, alone", "p99 ms, alone", *[f"calls/s, {load} in flight" for load in MANY]]
    rows = [
        [
            name,
            tables.milliseconds(Spread.of(each.p50)),
            tables.milliseconds(Spread.of(each.p99)),
            *[tables.rate(Spread.of(each.rates[load])) for load in MANY],
        ]
        for name, each in figures.items()
    ]
    return tables.table(head, rows)


def _ahead(figures: All) -> str:
    head = ["than", "p50, alone", *[f"calls/s, {load} in flight" for load in MANY]]
    rows = [
        [name, *[tables.times(faster) for faster in _faster(figures, name).values()]]
        for name in figures
        if name != OURS
    ]
    return tables.table(head, rows)


def _spent(figures: All) -> str:
    head = ["", *[f"{load} in flight" for load in LOADS]]
    rows = [[name, *[_cell(each, load) for load in LOADS]] for name, each in figures.items()]
    return tables.table(head, rows)


def _cell(figures: Figures, load: int) -> str:
    spent = figures.spent[load]
    whole = Spread.of([each.total for each in spent]).middle
    parts = [
        f"{Spread.of([each.of[role] for each in spent]).middle:.2f}"
        for role in ROLES
        if role in spent[0].of
    ]
    return f"{whole:.2f} = {' + '.join(parts)}"
