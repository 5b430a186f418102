"""Waits while somebody else deploys, as long as the command line says."""

import time
from collections.abc import Callable

from bluegreen.cli.context import Context
from bluegreen.errors import LockedError

_POLL = 2.0


def when_unlocked[Done](context: Context, act: Callable[[], Done]) -> Done:
    """Do what wants the lock, again and again until it is to be had.

    Raises:
        LockedError: somebody else has it when `--lock-wait` is over.
    """
    end = time.monotonic() + context.options.lock_wait
    while True:
        try:
            return act()
        except LockedError as error:
            if time.monotonic() > end:
                raise
            context.console.progress(f"waiting: {error}")
            time.sleep(_POLL)
