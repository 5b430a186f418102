"""Many worlds keep every promise: a few thousand calls, or as many as TANDEM_TEST_CALLS says."""

import os

import pytest

from tests.simulation.runner import CALLS, Tally, spread

_QUICK = 4000


@pytest.mark.timeout(1000)
def test_every_promise_is_kept_whatever_goes_wrong() -> None:
    calls = int(os.environ.get("TANDEM_TEST_CALLS") or _QUICK)
    tally = Tally()
    for result in spread(range(1, calls // CALLS + 1), CALLS):
        tally.add(result)
    print(tally)
    assert tally.calls >= calls // CALLS * CALLS
    # What goes wrong does so in part: most calls are answered, and of each end there are some.
    assert tally.outcomes["OK"] > tally.calls // 2
    assert not tally.failed, tally
