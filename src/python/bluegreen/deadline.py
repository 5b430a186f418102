"""Until when something has to be done, for what does it in several parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bluegreen.errors import TemporaryError
from bluegreen.ports import Clock

_LOOK_SECONDS = 30.0
_NEAR_SECONDS = 2.0


@dataclass(frozen=True)
class Deadline:
    """A moment by a clock.

    Attributes:
        clock: The clock.
        end: The moment.
    """

    clock: Clock
    end: float

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> Self:
        """So many seconds from now."""
        return cls(clock, clock.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until then; 0 from then on."""
        return max(0.0, self.end - self.clock.monotonic())

    def is_near(self) -> bool:
        """Whether too little is left for another look, or for another try of a step."""
        return self.left() <= _NEAR_SECONDS

    def by_then(self, wait: Callable[[], bool]) -> bool:
        """Whether something has ended, as `wait` tells; what nobody has seen in time has not.

        Raises:
            TemporaryError: it cannot be seen, with time left for another try.
        """
        try:
            return bool(self.left()) and wait()
        except TemporaryError:
            if not self.is_near():
                raise
            return False

    def look(self) -> float:
        """Seconds for what only looks: less than is left, if that is much."""
        return min(self.left(), _LOOK_SECONDS)
