"""Partitions that are not read for a while, as the brokers that are no Kafka have it."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Pausing(ABC):
    """A queue whose partitions can be told to stand still; this part of `Queue` in one place."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._paused = False

    def hold(self, partition: int) -> None:
        """As `Queue` has it."""
        self._held.add(partition)
        self._pause()

    def release(self, partition: int) -> None:
        """As `Queue` has it."""
        self._held.discard(partition)
        self._pause()

    def pause(self) -> None:
        """As `Queue` has it."""
        self._paused = True
        self._pause()

    def resume(self) -> None:
        """As `Queue` has it."""
        self._paused = False
        self._pause()

    def _stands(self, partition: int) -> bool:
        """Whether nothing of a partition is to be read."""
        return self._paused or partition in self._held

    @abstractmethod
    def _pause(self) -> None:
        """Have each partition stand still, or go on, as `_stands` has it."""
