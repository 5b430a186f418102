"""Waits for what tells nobody."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until it is so.

    Raises:
        TimeoutError: it did not become so.
    """
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
