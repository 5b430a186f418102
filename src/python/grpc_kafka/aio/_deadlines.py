"""The deadlines of many calls, hardly any of which is ever reached."""

from __future__ import annotations

import asyncio
from typing import Protocol

# To make and to cancel a timer of the loop costs as much as a tenth of a whole call; a share in
# one that is there already costs next to nothing.
_SLOTS_PER_SECOND = 10
# Of the next minute: so many slots are left for what comes next when nothing is in them.
_SPARE = 600


class Expiring(Protocol):
    """What has a deadline; told from others by its identity or its hash."""

    def expire(self) -> None:
        """Take note that its deadline is over."""


class _Slot:
    __slots__ = ("items", "timer")

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        # Not a set: what expires at the same moment does so in the order in which it began.
        self.items: dict[Expiring, float] = {}
        self.timer = timer


class Deadlines:
    """Has everything expire that is not removed before its time, and none of it late.

    All deadlines that are due within the same tenth of a second share one timer of the event
    loop, until that tenth begins: what is left of them then gets timers of its own.
    """

    def __init__(self) -> None:
        self._far: dict[int, _Slot] = {}
        self._near: dict[Expiring, asyncio.TimerHandle] = {}

    def add(self, item: Expiring, when: float) -> None:
        """Have it expire at a time of the running loop's clock, in finite seconds; once."""
        number = int(when * _SLOTS_PER_SECOND)
        slot = self._far.get(number)
        if slot is None:
            loop = asyncio.get_running_loop()
            begins = number / _SLOTS_PER_SECOND
            if begins <= loop.time():
                self._near[item] = loop.call_at(when, self._expire, item)
                return
            slot = self._far[number] = _Slot(loop.call_at(begins, self._approach, number))
        slot.items[item] = when

    def remove(self, item: Expiring, when: float) -> None:
        """It needs to expire no more; nothing happens when it has."""
        number = int(when * _SLOTS_PER_SECOND)
        slot = self._far.get(number)
        if slot is not None and slot.items.pop(item, None) is not None:
            if not slot.items:
                self._emptied(number, slot)
            return
        timer = self._near.pop(item, None)
        if timer is not None:
            timer.cancel()

    def _emptied(self, number: int, slot: _Slot) -> None:
        if len(self._far) > _SPARE:
            slot.timer.cancel()
            del self._far[number]
        else:
            # Gives back the memory, which else is that of the most that it ever had.
            slot.items.clear()

    def _approach(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        for item, when in self._far.pop(number).items.items():
            self._near[item] = loop.call_at(when, self._expire, item)

    def _expire(self, item: Expiring) -> None:
        del self._near[item]
        item.expire()
