import re

import pytest

from bluegreen.watch import Limits, Traffic, complaint

LIMITS = Limits(least_requests=100, failure_rate=0.01, slower=2.0, fast_enough=0.5)
CALM = Traffic(10_000, 10, 0.4)


@pytest.mark.parametrize(
    "new",
    [
        Traffic(99, 99, 60.0),  # too few to conclude anything
        Traffic(1000, 0, 0.4),
        Traffic(1000, 11, 0.4),  # 1.1 %: what failed before, and one in a hundred
        Traffic(1000, 0, 0.8),
    ],
)
def test_a_lane_that_does_as_well_as_the_one_before_stays(new: Traffic) -> None:
    assert complaint(new, CALM, LIMITS) is None


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (Traffic(100, 100, 0.0), "100 of 100 requests failed"),
        (Traffic(1000, 12, 0.4), r"12 of 1000 requests failed \(1.2%; 0.1% in the old lane"),
        (Traffic(1000, 0, 0.81), r"up to 0.81 s \(0.40 s in the old lane, 0.80 s are allowed"),
    ],
)
def test_a_lane_that_does_worse_is_complained_of_with_numbers(new: Traffic, why: str) -> None:
    found = complaint(new, CALM, LIMITS)
    assert found is not None
    assert re.search(why, found)


def test_what_is_fast_enough_is_no_matter_how_many_times_slower() -> None:
    assert complaint(Traffic(1000, 0, 0.49), Traffic(1000, 0, 0.01), LIMITS) is None


def test_a_lane_without_one_before_is_held_to_its_failures_alone() -> None:
    assert complaint(Traffic(1000, 0, 9.0), Traffic(), LIMITS) is None
    assert complaint(Traffic(1000, 50, 0.1), Traffic(), LIMITS) is not None
