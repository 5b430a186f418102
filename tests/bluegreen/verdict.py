"""What a run of the kill matrix has shown: the table and the totals of the docs, and what is wrong.

Pure.
"""

from collections.abc import Iterable, Iterator, Sequence

from bluegreen.step import Action
from tests.bluegreen.kills import COLUMNS, ENGINES, Cell, Strike, Victim, senseless
from tests.support.site_report import Report

MOST_FAILED = 5
"""Requests that may fail in a cell of the engine."""

FAILED_WITHIN = 5.0
"""Seconds after the engine answers again in which they may."""

LEGEND = (
    '"finished" is the release that came in spite of it, or the step that was done; "went back" '
    "exit 1 with everything as before, after which the same command delivered it; then the "
    "seconds until the step was done, or undone."
)

CAP = (
    f"A request may fail in a cell of the engine alone: at most {MOST_FAILED}, until "
    f"{FAILED_WITHIN:.0f} s after the engine answers again, because Docker has no names and no "
    "ports for a moment. A stream may break off there, and where the new lane is killed that "
    "serves; it is asked for anew, and misses nothing."
)

_OF_DOCKER = {"status 502", "status 503", "ConnectError: All connection attempts failed"}
"""How requests fail while Docker, as it starts again, has no names and no ports for a moment."""

_GIVE_UP = {Victim.REGISTRY_FOR_LONG, Victim.CONTAINERS}
_LANES = {Victim.CONTAINERS, Victim.PROCESSES}
_WITH_STREAMS = {Action.SWITCH, Action.WATCH}


def complaints(cells: Sequence[Cell], report: Report) -> list[str]:
    """What was broken of what is promised.

    A release is delivered whatever is killed for a while, and given up where that is for good; no
    request fails, but for the few that the engine takes with it; no write is lost or doubled, and
    no event of a stream missed or repeated. A cell whose strike always came late shows nothing.

    Args:
        cells: All of some deploys.
        report: Of the load on the site meanwhile.
    """
    found = [f"{each}" for each in cells if not _is_well(each)]
    in_time = {(cell.strike.victim, cell.strike.action) for cell in cells if not cell.late}
    late = {(cell.strike.victim, cell.strike.action) for cell in cells} - in_time
    found += [f"{victim}: each strike at {action} came late" for victim, action in sorted(late)]
    counted = sum(len(cell.failures) + cell.cut for cell in cells)
    writes, streams = report.writes, report.streams
    if len(report.failures) != counted:
        found.append(f"{len(report.failures) - counted} requests failed without a strike: {report}")
    elif writes.lost or writes.doubled or streams.missed or streams.repeated:
        found.append(str(report))
    return found


def _is_well(cell: Cell) -> bool:
    victim = cell.strike.victim
    return (
        _failed_as_they_may(cell)
        and (not cell.cut or _may_cut(cell.strike))
        and (cell.late or _may_give_up(cell.strike) or cell.went_back is (victim in _GIVE_UP))
    )


def _failed_as_they_may(cell: Cell) -> bool:
    if cell.strike.victim not in ENGINES:
        return not cell.failures
    last = max((each.ended for each in cell.failures), default=cell.back)
    return (
        {each.failure for each in cell.failures} <= _OF_DOCKER
        and len(cell.failures) <= MOST_FAILED
        and last <= cell.back + FAILED_WITHIN
    )


def _may_cut(strike: Strike) -> bool:
    """Whether what is killed has streams under way."""
    return strike.victim in ENGINES or (strike.victim in _LANES and strike.action in _WITH_STREAMS)


def _may_give_up(strike: Strike) -> bool:
    """Whether it is a matter of the machine if Docker is back soon enough.

    Of processes, before the step's time is over; of itself, before the watch minds what failed.
    """
    watched = strike.victim in ENGINES and strike.action is Action.WATCH
    return strike.victim is Victim.PROCESSES or watched


def table(cells: Iterable[Cell]) -> str:
    """All that was seen, in Markdown: a line a step, a column a victim."""
    return "\n".join(_lines(list(cells)))


def heads(victims: Sequence[Victim]) -> str:
    """The first two lines of a table."""
    return f"| step | {' | '.join(victims)} |\n| --- | {' | '.join('---' for _ in victims)} |"


def totals(cells: Sequence[Cell], reports: Sequence[Report], seconds: float) -> str:
    """All of a run, as the docs have it: a table of one line.

    Args:
        cells: Those of all rows.
        reports: Of the loads, one a row.
        seconds: How long it took.
    """
    requests = sum(len(each.samples) for each in reports)
    loaded = sum(len(each.samples) / each.rate for each in reports if each.samples)
    late = sum(cell.late for cell in cells)
    writes, streams = [each.writes for each in reports], [each.streams for each in reports]
    found = {
        "cells": len(cells) - late,
        "minutes": round(seconds / 60),
        "requests": requests,
        "a second": round(requests / (loaded or 1)),
        "failed": sum(len(each.failures) for each in reports) - sum(cell.cut for cell in cells),
        "writes": sum(each.acknowledged for each in writes),
        "lost": sum(len(each.lost) for each in writes),
        "doubled": sum(len(each.doubled) for each in writes),
        "events of streams": sum(each.told for each in streams),
        "missed": sum(len(each.missed) for each in streams),
        "repeated": sum(len(each.repeated) for each in streams),
        "streams that broke off": sum(cell.cut for cell in cells),
        "strikes that came late": late,
    }
    numbers = " | ".join(f"{number:,}" for number in found.values())
    rule = " | ".join("---:" for _ in found)
    return f"| {' | '.join(found)} |\n| {rule} |\n| {numbers} |"


def _lines(cells: Sequence[Cell]) -> Iterator[str]:
    victims = [each for each in Victim if any(cell.strike.victim is each for cell in cells)]
    # The last one of a cell that was struck again is the one that counts.
    found = {(cell.strike.victim, cell.strike.action): cell.shown for cell in cells}
    yield heads(victims)
    for action in COLUMNS:
        shown = [found.get((victim, action), _absent(victim, action)) for victim in victims]
        yield f"| `{action}` | {' | '.join(shown)} |"


def _absent(victim: Victim, action: Action) -> str:
    return "not run" if senseless(victim, action) is None else "-"
