"""How long there is for each part: `TANDEM_FUZZ_SECONDS`, a few by default."""

import os
import time
from collections.abc import Callable, Iterator

from hypothesis import HealthCheck, Phase, seed, settings

SECONDS = "TANDEM_FUZZ_SECONDS"
_DEFAULT = 3.0
_ROUND = 200
# pytest-timeout ends tests that take longer than usual; there is one more round after the end.
LONGEST = 1100


def rounds() -> Iterator[int]:
    """Numbers from 0 on, until the time is over; at least one."""
    seconds = float(os.environ.get(SECONDS) or _DEFAULT)
    # Another beginning every time, and one that a failure names.
    number = time.time_ns() // 1_000_000
    end = time.monotonic() + min(seconds, LONGEST)
    yield number
    while time.monotonic() < end:
        number += 1
        yield number


def play(property_: Callable[[], None]) -> None:
    """Try a property of hypothesis with new examples until the time is over."""
    tried = settings(
        max_examples=_ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )(property_)
    for number in rounds():
        seed(number)(tried)()
