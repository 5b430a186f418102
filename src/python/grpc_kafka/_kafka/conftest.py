"""What tests of Kafka's side share."""

from __future__ import annotations

import pytest


class Clock:
    """Says what time it is; the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time that it is, in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time, from now on."""
    made = Clock()
    monkeypatch.setattr("time.monotonic", made)
    return made
