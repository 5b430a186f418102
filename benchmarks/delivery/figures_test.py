"""What a run is held to, and that the docs show it as it is printed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.delivery.figures import Size, felt, promises, sizes, verdict
from tests.support.deliveries import Series
from tests.support.site_report import Report, Sample, Watched, Window, Writes

PAGE = Path("docs/bluegreen.md")
CALM = [Sample("page", second, 0.1) for second in range(60)]
SLOWER = "p99 while traffic is switched, at most x2 of the calm one"
SWITCH = [Sample("page", 70.0, 0.2)]


def ran(*more: Sample, writes: Writes | None = None, streams: Watched | None = None) -> Series:
    report = Report([*CALM, *SWITCH, *more], writes or Writes(7, 7), streams or Watched(2, 1, 9))
    return Series(report, Window(0, 60), [57, 64], 52, 33, [Window(70, 74)])


def missed(series: Series) -> list[str]:
    return [each.said for each in promises(series) if not each.kept]


def test_a_run_that_keeps_all_says_so() -> None:
    assert missed(ran()) == []
    assert "missed**" not in verdict(ran())


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (
            ran(Sample("page", 71.0, 0.3)),
            SLOWER,
        ),
        (ran(Sample("page", 65.0, 0.1, "status 502")), "no request fails"),
        (ran(writes=Writes(lost=["one"])), "no acknowledged write is lost"),
        (ran(writes=Writes(doubled=["one"])), "no write is doubled"),
        (ran(streams=Watched(missed=["one"])), "no entry of a stream is missed"),
        (ran(streams=Watched(repeated=["one"])), "no entry of a stream is repeated"),
    ],
    ids=["slower", "failed", "lost", "doubled", "missed", "repeated"],
)
def test_each_promise_that_is_missed_is_named(series: Series, said: str) -> None:
    assert missed(series) == [said]
    assert f"| {said} | " in verdict(series)
    assert "**missed**" in verdict(series)


def test_a_calm_in_which_nobody_was_answered_is_no_measure() -> None:
    silent = replace(ran(), calm=Window(-2, -1))
    assert len(missed(silent)) == 1


def test_the_page_shows_what_is_printed() -> None:
    number = re.compile(r"\d[\d.,]*\b")
    page = number.sub("N", " ".join(PAGE.read_text().split()))
    size = Size(58, 5, 78, 2.4, 1800, 1200)
    for text in (felt(ran()), verdict(ran()), sizes({3: size, 20: size})):
        for part in text.split("\n\n"):
            assert number.sub("N", " ".join(part.split())) in page
