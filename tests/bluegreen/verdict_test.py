"""What a run of the kill matrix is held to, and that the docs show it as it is printed."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.step import Action
from tests.bluegreen.kills import Cell, Strike, Victim
from tests.bluegreen.verdict import (
    CAP,
    FAILED_WITHIN,
    LEGEND,
    MOST_FAILED,
    complaints,
    heads,
    table,
    totals,
)
from tests.support.site_report import Report, Sample, Watched, Writes

PAGE = Path("docs/bluegreen.md")
STRUCK, BACK = 100.0, 104.0


def sample(ended: float, failure: str = "status 502", kind: str = "page") -> Sample:
    return Sample(kind, ended - 1, 1.0, failure)


CUT = sample(STRUCK, "RemoteProtocolError: peer closed connection", "stream")


def cell(victim: Victim, *failed: Sample, action: Action = Action.START) -> Cell:
    found = Cell(Strike(victim, action), STRUCK, back=BACK, over=STRUCK + 9)
    found.failures = [each for each in failed if not each.is_cut]
    found.cut = sum(each.is_cut for each in failed)
    return found


def report(*samples: Sample, **streams: list[str]) -> Report:
    told = Watched(told=3, **streams)  # type: ignore[arg-type]  # missed or repeated
    return Report([*samples, sample(0, ""), sample(10, "")], Writes(7, 7), told)


def wrong(*cells: Cell, beside: tuple[Sample, ...] = (), **streams: list[str]) -> list[str]:
    failed = [each for one in cells for each in one.failures]
    failed += [CUT for one in cells for _ in range(one.cut)]
    return complaints(cells, report(*failed, *beside, **streams))


ENGINES = pytest.mark.parametrize("victim", [Victim.ENGINE, Victim.ENGINE_IN_ORDER])


@ENGINES
def test_a_few_requests_may_fail_as_the_engine_starts(victim: Victim) -> None:
    few = [sample(BACK + FAILED_WITHIN)] * MOST_FAILED
    assert wrong(cell(victim, *few, CUT)) == []


@ENGINES
@pytest.mark.parametrize(
    "failed",
    [
        [sample(BACK)] * (MOST_FAILED + 1),
        [sample(BACK + FAILED_WITHIN + 1)],
        [sample(BACK, "status 500")],
    ],
)
def test_more_later_or_otherwise_is_not_forgiven(victim: Victim, failed: list[Sample]) -> None:
    assert len(wrong(cell(victim, *failed))) == 1


@pytest.mark.parametrize("victim", [Victim.DEPLOYER, Victim.SSHD, Victim.REGISTRY])
@pytest.mark.parametrize("failed", [sample(STRUCK + 1), CUT])
def test_nothing_fails_and_no_stream_breaks_off_by_what_serves_nobody(
    victim: Victim, failed: Sample
) -> None:
    assert len(wrong(cell(victim, failed))) == 1


def test_a_stream_may_break_off_with_the_lane_that_serves() -> None:
    killed = cell(Victim.CONTAINERS, CUT, action=Action.WATCH)
    killed.went_back = True
    assert wrong(killed) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda well: wrong(well, beside=(sample(STRUCK - 1),)),
        lambda well: wrong(well, missed=["one"]),
        lambda well: wrong(well, repeated=["one"]),
    ],
    ids=["failed before the first strike", "missed", "repeated"],
)
def test_what_no_cell_knows_of_is_told_too(act: Callable[[Cell], list[str]]) -> None:
    assert len(act(cell(Victim.DEPLOYER))) == 1


def test_a_strike_that_came_late_counts_only_if_another_one_came_in_time() -> None:
    late, again = cell(Victim.SSHD), cell(Victim.SSHD)
    late.late = True
    assert wrong(late, again) == []
    assert wrong(late) == ["sshd, for 4 s: each strike at start came late"]


def test_a_release_that_should_have_come_and_did_not_is_told() -> None:
    back = cell(Victim.DEPLOYER)
    back.went_back = True
    assert len(wrong(back)) == 1


def test_the_page_shows_what_is_printed() -> None:
    page = " ".join(PAGE.read_text().split())
    for each in (heads(list(Victim)), LEGEND, CAP):
        assert " ".join(each.split()) in page
    rows = re.findall(r"^\| (`[a-z-]+`) \|", PAGE.read_text(), re.MULTILINE)
    printed = table([cell(Victim.DEPLOYER)]).splitlines()[2:]
    assert rows[-len(printed) :] == [line.split()[1] for line in printed]


def test_the_page_has_the_totals_that_are_printed() -> None:
    late = cell(Victim.SSHD, CUT)
    late.late = True
    *shape, numbers = totals([late, cell(Victim.SSHD)], [report(CUT)], 90).splitlines()
    assert "\n".join(shape) in PAGE.read_text()
    assert numbers == "| 1 | 2 | 3 | 0 | 0 | 7 | 0 | 0 | 3 | 0 | 0 | 1 | 1 |"
