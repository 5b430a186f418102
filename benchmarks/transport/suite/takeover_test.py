"""What a kill held up is told from what was slow before."""

import pytest

from benchmarks.transport.suite.takeover import held_up


def test_waits_count_from_the_kill_whenever_the_call_began() -> None:
    assert held_up([[9.9, 13.0], [10.5, 13.5]], killed=10.0) == pytest.approx([3.0, 3.5])


def test_what_was_slow_before_the_kill_does_not_count() -> None:
    assert held_up([[1.0, 2.0]], killed=10.0) == []
