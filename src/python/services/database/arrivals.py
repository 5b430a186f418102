"""Who waits for something new on which account. No I/O: others tell what arrived."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from services.database.errors import ExhaustedError


class Bell:
    """Wakes one watcher. It may ring for nothing, and never fails to ring for something."""

    def __init__(self) -> None:
        # Whoever begins looks first: what came before it listened rings for nobody.
        self._rung = asyncio.Event()
        self._rung.set()

    def ring(self) -> None:
        """Wake the watcher, at once or as soon as it listens."""
        self._rung.set()

    async def heard(self) -> None:
        """Return when it rang since this returned last; at once the first time."""
        await self._rung.wait()
        # Before the watcher looks, so that what arrives while it looks rings again.
        self._rung.clear()


class Arrivals:
    """The watchers of a process.

    Args:
        most: How many may watch at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._bells: defaultdict[UUID, set[Bell]] = defaultdict(set)
        self._closed = False

    @property
    def count(self) -> int:
        """How many watch."""
        return self._count

    @property
    def closed(self) -> bool:
        """Whether watchers are to end."""
        return self._closed

    @contextmanager
    def watching(self, account_id: UUID) -> Iterator[Bell]:
        """A bell that rings when something may be new on this account.

        Raises:
            ExhaustedError: as many watch as may.
        """
        if self._count >= self._most:
            raise ExhaustedError(f"{self._most} watches are under way; watch later")
        bell = Bell()
        self._count += 1
        self._bells[account_id].add(bell)
        try:
            yield bell
        finally:
            self._count -= 1
            self._bells[account_id].discard(bell)
            if not self._bells[account_id]:
                del self._bells[account_id]

    def tell(self, account_id: UUID) -> None:
        """Wake who watches this account."""
        for bell in self._bells.get(account_id, ()):
            bell.ring()

    def tell_all(self) -> None:
        """Wake everyone: nobody knows what arrived."""
        for bells in self._bells.values():
            for bell in bells:
                bell.ring()

    def close(self) -> None:
        """Wake everyone to end."""
        self._closed = True
        self.tell_all()
