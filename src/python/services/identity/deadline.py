"""How long a call may still take, and so how long its inner calls may."""

import time
from collections.abc import Callable

import grpc.aio

from services.identity.errors import OutOfTimeError

DEFAULT = 10.0
"""Seconds that an inner call has when the outer one has no deadline."""

MARGIN = 0.05
"""Seconds kept back from inner calls, so that the answer about them still arrives in time."""

type Context = grpc.aio.ServicerContext[object, object]


class Deadline:
    """The end of the time that a call has."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @classmethod
    def of(cls, context: Context) -> "Deadline":
        """The deadline of the call being served, less the margin."""
        # Typed as a number, it is None for a call without a deadline.
        remaining: float | None = context.time_remaining()
        return cls(DEFAULT if remaining is None else remaining - MARGIN)

    def timeout(self) -> float:
        """Seconds that an inner call has from now on; more than zero.

        Raises:
            OutOfTimeError: there are none left.
        """
        seconds = self._end - self._clock()
        if seconds <= 0:
            raise OutOfTimeError
        return seconds
