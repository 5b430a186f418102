"""The life of a call as a table: which frame is legal when, and where it leads.

The table is of the call, not of an end: both ends keep a `Call` and move it by what they send
and by what they receive. Who may send a frame is a second table. The states and moves of
streams join these two tables.
"""

from __future__ import annotations

from enum import IntEnum

from grpc_kafka.protocol._errors import UnexpectedFrameError
from grpc_kafka.protocol._frames import FrameKind


class State(IntEnum):
    """Where a call is."""

    IDLE = 0
    REQUESTED = 1
    CLOSED = 2


class Role(IntEnum):
    """Which end of a call one is."""

    CLIENT = 0
    SERVER = 1


MOVES: dict[tuple[State, FrameKind], State] = {
    (State.IDLE, FrameKind.REQUEST): State.REQUESTED,
    (State.REQUESTED, FrameKind.RESPONSE): State.CLOSED,
    (State.REQUESTED, FrameKind.CANCEL): State.CLOSED,
    # A delivery that repeats what is under way says nothing new.
    (State.REQUESTED, FrameKind.REQUEST): State.REQUESTED,
}
"""The legal moves. What is not here is an `UnexpectedFrameError`, save in CLOSED: frames cross
each other on their way, so whatever comes after the end of a call is stale and ignored."""

SENDERS: dict[FrameKind, Role] = {
    FrameKind.REQUEST: Role.CLIENT,
    FrameKind.RESPONSE: Role.SERVER,
    FrameKind.CANCEL: Role.CLIENT,
}
"""Which end sends a frame; the other one receives it."""


class Call:
    """One end's view of a call; holds a state and nothing else."""

    __slots__ = ("role", "state")

    def __init__(self, role: Role) -> None:
        self.role = role
        self.state = State.IDLE

    def send(self, kind: FrameKind) -> None:
        """Note that this end sends a frame.

        Raises:
            UnexpectedFrameError: the frame is not this end's to send, or not now.
        """
        target = MOVES.get((self.state, kind))
        if target is None or target == self.state or SENDERS[kind] != self.role:
            raise UnexpectedFrameError(self.state, kind)
        self.state = target

    def receive(self, kind: FrameKind) -> bool:
        """Advance by a frame of the other end; False when it says nothing new (stale, repeated).

        Raises:
            UnexpectedFrameError: the frame is not the other end's to send, or not now.
        """
        if SENDERS.get(kind, self.role) == self.role:
            raise UnexpectedFrameError(self.state, kind)
        if self.state is State.CLOSED:
            return False
        target = MOVES.get((self.state, kind))
        if target is None:
            raise UnexpectedFrameError(self.state, kind)
        moved = target != self.state
        self.state = target
        return moved
