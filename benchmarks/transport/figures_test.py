"""What is said of many numbers is true of them."""

import pytest

from benchmarks.transport.figures import Spread, percentile, ratios


def test_a_percentile_is_a_value_that_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]


def test_percentiles_of_one_value_are_that_value() -> None:
    assert [percentile([7.0], percent) for percent in (0, 50, 99, 100)] == [7, 7, 7, 7]


def test_a_percentile_of_few_values_is_not_below_its_share() -> None:
    assert percentile([1.0, 2.0, 3.0], 50) == 2
    assert percentile([1.0, 2.0, 3.0], 99) == 3


def test_a_spread_keeps_the_middle_and_both_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2, 1, 3)
    assert Spread.of([4.0, 1.0]) == Spread(2.5, 1, 4)


def test_ratios_are_taken_round_by_round() -> None:
    slow_machine_in_the_second_round = ratios([10.0, 2.0, 12.0], [5.0, 1.0, 6.0])
    assert slow_machine_in_the_second_round == Spread(2, 2, 2)


def test_nothing_is_said_of_no_values() -> None:
    for ask in (lambda: percentile([], 50), lambda: Spread.of([]), lambda: ratios([], [])):
        with pytest.raises(ValueError, match="no values"):
            ask()


def test_rounds_that_do_not_match_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])
