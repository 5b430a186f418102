"""How many streams there may be, how long each lasts, and how often it gives a sign of life."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.account.errors import TooManyStreamsError

MOST_OF_SESSION = 6
"""As many connections as a browser makes to one site by HTTP/1.1."""


@dataclass(frozen=True)
class Pace:
    """The times of a stream, all in seconds.

    Attributes:
        heartbeat: The longest silence.
        check: How often identity is asked whether the session is live.
        lifetime: When a stream ends at the latest; the browser asks again.
        retry: When the browser asks again.
    """

    heartbeat: float = 15.0
    check: float = 60.0
    lifetime: float = 300.0
    retry: float = 2.0

    def some_lifetime(self) -> float:
        """So long may a stream last: streams that began together do not end together."""
        return self.lifetime * random.uniform(0.8, 1.0)  # noqa: S311  # no secret

    def some_retry(self) -> float:
        """Likewise, after all of them ended together."""
        return self.retry * random.uniform(1.0, 2.0)  # noqa: S311  # no secret


class Streams:
    """The streams of a process.

    Args:
        most: How many there may be at the same time, of all sessions.
        pace: Their times.
    """

    def __init__(self, most: int, pace: Pace | None = None) -> None:
        self.pace = pace or Pace()
        self._most = most
        self._of_session: Counter[str] = Counter()
        self._closing = asyncio.Event()

    @contextmanager
    def place(self, session_id: str) -> Iterator[None]:
        """Room for one more stream of this session.

        Raises:
            TooManyStreamsError: there is none.
        """
        own, all_of_them = self._of_session[session_id], self._of_session.total()
        if own >= MOST_OF_SESSION or all_of_them >= self._most:
            raise TooManyStreamsError(f"{own} of the session, {all_of_them} of all sessions")
        self._of_session[session_id] += 1
        try:
            yield
        finally:
            self._of_session[session_id] -= 1
            # Drops what is zero, so that ended sessions leave nothing behind.
            self._of_session = +self._of_session

    @property
    def count(self) -> int:
        """How many there are."""
        return self._of_session.total()

    def close(self) -> None:
        """Let all streams end: those that are there, and each that begins from now on at once."""
        self._closing.set()

    async def paced[T](self, source: AsyncIterator[T]) -> AsyncGenerator[T | None]:
        """What comes, as it comes, and None after each heartbeat's time in which nothing does.

        Ends with the source, after the lifetime, or when all streams end.

        Raises:
            Exception: whatever the source raises.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self.pace.some_lifetime()
        closing = asyncio.create_task(self._closing.wait())
        following = asyncio.create_task(_next(source))
        try:
            while (left := ends_at - loop.time()) > 0:
                await asyncio.wait(
                    {closing, following},
                    timeout=min(self.pace.heartbeat, left),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if closing.done():
                    return
                if not following.done():
                    yield None
                    continue
                try:
                    came = following.result()
                except StopAsyncIteration:
                    return
                following = asyncio.create_task(_next(source))
                yield came
        finally:
            closing.cancel()
            following.cancel()
            await asyncio.gather(closing, following, return_exceptions=True)


async def _next[T](source: AsyncIterator[T]) -> T:
    return await anext(source)
