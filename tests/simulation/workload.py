"""Who calls what, when, for how long, and what of it is to come."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

SERVICE = "simulated.Store"
PATIENT = 300.0
"""Seconds of a deadline that only what is lost can miss."""

RATE = 10.0
"""Calls a second, of all clients together."""

ENDLESS = 120.0
"""Seconds that a handler lasts that is to be cancelled."""

FORGOTTEN = 60.0
"""Seconds of its deadline: those of clients that die are cancelled by nothing else."""


class Kind(StrEnum):
    """What a call is; the value is its method's name."""

    ECHO = "Echo"
    KEYED = "Keyed"
    RAISE = "Raise"
    ABORT = "Abort"
    LARGE = "Large"
    ENDLESS = "Endless"
    POISON = "Poison"
    COUNT = "Count"
    SUM = "Sum"
    CHAT = "Chat"
    WATCH = "Watch"
    FLOOD = "Flood"
    QUIET = "Quiet"
    PUSH = "Push"

    @property
    def streams(self) -> bool:
        """Whether it is a stream."""
        return self in _STREAMS


_STREAMS = frozenset(
    (Kind.COUNT, Kind.SUM, Kind.CHAT, Kind.WATCH, Kind.FLOOD, Kind.PUSH, Kind.QUIET)
)
_SHARES = {
    Kind.ECHO: 45,
    Kind.KEYED: 15,
    Kind.RAISE: 3,
    Kind.ABORT: 3,
    Kind.LARGE: 4,
    Kind.ENDLESS: 8,
    Kind.COUNT: 6,
    Kind.SUM: 5,
    Kind.CHAT: 6,
    Kind.WATCH: 4,
    Kind.FLOOD: 1,
    Kind.QUIET: 2,
    Kind.PUSH: 1,
}
_LARGE = 700_000
_FLOOD = 90_000


@dataclass(frozen=True, slots=True)
class Spec:
    """A call, as it is meant.

    Attributes:
        number: of the call.
        at: when it is begun.
        timeout: seconds that it may take.
        cancel_after: seconds after which its client gives it up.
        duration: seconds that its handler takes, for each message where there are several.
        count: messages of a stream, each way.
        size: bytes of its request, or of each message of a stream.
        answer_size: bytes of its answer.

    """

    number: int
    kind: Kind
    at: float
    timeout: float
    cancel_after: float | None
    duration: float
    count: int
    size: int
    answer_size: int

    @property
    def patient(self) -> bool:
        """Whether it waits long enough for everything but a loss."""
        return self.timeout >= PATIENT and self.cancel_after is None


def content(label: str, token: str, size: int) -> bytes:
    """What a message of a call has in it; no two messages have the same."""
    unit = f"{label}:{token};".encode()
    return (unit * (size // len(unit) + 1))[: max(size, len(unit))]


def draw(chance: Random, calls: int, poisons: int) -> list[Spec]:
    """The calls of a world, in the order in which they begin."""
    kinds = chance.choices(list(_SHARES), list(_SHARES.values()), k=calls)
    for _ in range(poisons):
        kinds[chance.randrange(max(calls // 2, 1))] = Kind.POISON
    times = sorted(chance.uniform(0.5, 0.5 + calls / RATE) for _ in range(calls))
    return [
        _spec(chance, number, kind, at)
        for number, (kind, at) in enumerate(zip(kinds, times, strict=True))
    ]


def _spec(chance: Random, number: int, kind: Kind, at: float) -> Spec:
    timeout, cancel_after = PATIENT, None
    if kind is not Kind.POISON and chance.random() < 0.2:
        timeout = chance.uniform(0.05, 5.0)
    if kind is Kind.WATCH or (kind is Kind.ENDLESS and chance.random() < 0.5):
        timeout, cancel_after = FORGOTTEN, chance.expovariate(1.0)
    elif kind is Kind.ENDLESS:
        timeout = chance.uniform(0.05, 5.0)
    elif kind is not Kind.POISON and chance.random() < 0.05:
        cancel_after = chance.expovariate(2.0)
    return Spec(
        number,
        kind,
        at,
        timeout,
        cancel_after,
        _duration(chance, kind),
        {Kind.FLOOD: 14, Kind.PUSH: 14, Kind.QUIET: 2}.get(kind, chance.randint(0, 12)),
        {Kind.LARGE: _LARGE + chance.randrange(_LARGE), Kind.PUSH: _FLOOD}.get(kind, 0),
        {Kind.LARGE: chance.choice((0, _LARGE * 2)), Kind.FLOOD: _FLOOD}.get(kind, 0),
    )


def _duration(chance: Random, kind: Kind) -> float:
    if kind is Kind.ENDLESS:
        return ENDLESS
    if kind is Kind.POISON:
        return chance.choice((0.0, 0.0, 0.02))
    if kind in (Kind.FLOOD, Kind.PUSH):
        return 0.2
    if kind is Kind.QUIET:
        return 12.0
    drawn = chance.random()
    if drawn < 0.4:
        return 0.0
    return chance.expovariate(20.0) if drawn < 0.9 else chance.expovariate(1.0)
