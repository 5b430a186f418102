"""A promise is held to its bound by the middle of the rounds."""

from benchmarks.transport.figures import Spread
from benchmarks.transport.promises import Promise, report


def test_a_bound_that_is_just_met_is_kept() -> None:
    assert Promise("", Spread(3.0, 2.0, 4.0), least=3.0).kept
    assert Promise("", Spread(1.15, 1.0, 2.0), most=1.15).kept


def test_a_middle_beyond_the_bound_breaks_the_promise_whatever_the_best_round_was() -> None:
    assert not Promise("", Spread(2.9, 2.0, 9.0), least=3.0).kept
    assert not Promise("", Spread(1.2, 1.0, 1.3), most=1.15).kept


def test_a_report_says_what_was_promised_what_was_measured_and_what_was_missed() -> None:
    lines = report(
        [
            Promise("p50", Spread(1.1, 1.05, 1.2), most=1.15),
            Promise("calls", Spread(2.5, 2.0, 3.0), least=3.0),
        ]
    ).splitlines()
    assert lines[2:] == [
        "| p50 | at most x1.15 | x1.10 (1.05-1.20) | kept |",
        "| calls | at least x3 | x2.50 (2.00-3.00) | **missed** |",
    ]
