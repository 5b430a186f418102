"""The life of a call as a table: who may send which frame when, and where it leads.

The table is of the call, not of an end: both ends keep a `Call` and move it by what they send
and by what they receive. A unary call goes from REQUESTED to CLOSED at once; a stream is accepted
by a server, confirmed by its client, and closed on the client's side before it is closed whole.
"""

from __future__ import annotations

from enum import IntEnum

from grpc_kafka.protocol._errors import UnexpectedFrameError
from grpc_kafka.protocol._frames import FrameKind


class State(IntEnum):
    """Where a call is."""

    IDLE = 0
    REQUESTED = 1
    ACCEPTED = 2
    OPEN = 3
    HALF_CLOSED = 4
    CLOSED = 5


class Role(IntEnum):
    """Which end of a call one is."""

    CLIENT = 0
    SERVER = 1


MOVES: dict[tuple[State, Role, FrameKind], State] = {
    (State.IDLE, Role.CLIENT, FrameKind.PART): State.IDLE,
    (State.IDLE, Role.CLIENT, FrameKind.REQUEST): State.REQUESTED,
    (State.REQUESTED, Role.SERVER, FrameKind.PART): State.REQUESTED,
    (State.REQUESTED, Role.SERVER, FrameKind.RESPONSE): State.CLOSED,
    (State.REQUESTED, Role.SERVER, FrameKind.ACCEPT): State.ACCEPTED,
    # Its client's first frame to a server confirms that this one has the stream, and no other.
    (State.ACCEPTED, Role.CLIENT, FrameKind.WINDOW): State.OPEN,
    (State.ACCEPTED, Role.CLIENT, FrameKind.HALF_CLOSE): State.HALF_CLOSED,
    (State.ACCEPTED, Role.SERVER, FrameKind.TRAILERS): State.CLOSED,
    (State.OPEN, Role.CLIENT, FrameKind.MESSAGE): State.OPEN,
    (State.OPEN, Role.CLIENT, FrameKind.WINDOW): State.OPEN,
    (State.OPEN, Role.CLIENT, FrameKind.HALF_CLOSE): State.HALF_CLOSED,
    (State.OPEN, Role.SERVER, FrameKind.HEADERS): State.OPEN,
    (State.OPEN, Role.SERVER, FrameKind.MESSAGE): State.OPEN,
    (State.OPEN, Role.SERVER, FrameKind.WINDOW): State.OPEN,
    (State.OPEN, Role.SERVER, FrameKind.TRAILERS): State.CLOSED,
    (State.HALF_CLOSED, Role.CLIENT, FrameKind.WINDOW): State.HALF_CLOSED,
    (State.HALF_CLOSED, Role.SERVER, FrameKind.HEADERS): State.HALF_CLOSED,
    (State.HALF_CLOSED, Role.SERVER, FrameKind.MESSAGE): State.HALF_CLOSED,
    # It crossed the client's HALF_CLOSE.
    (State.HALF_CLOSED, Role.SERVER, FrameKind.WINDOW): State.HALF_CLOSED,
    (State.HALF_CLOSED, Role.SERVER, FrameKind.TRAILERS): State.CLOSED,
    (State.REQUESTED, Role.CLIENT, FrameKind.CANCEL): State.CLOSED,
    (State.ACCEPTED, Role.CLIENT, FrameKind.CANCEL): State.CLOSED,
    (State.OPEN, Role.CLIENT, FrameKind.CANCEL): State.CLOSED,
    (State.HALF_CLOSED, Role.CLIENT, FrameKind.CANCEL): State.CLOSED,
}
"""The legal moves, by the state, the sender and the frame. What is not here is an
`UnexpectedFrameError`, save in CLOSED: frames cross each other on their way, so whatever comes
after the end of a call is stale and ignored."""


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
        target = MOVES.get((self.state, self.role, kind))
        if target is None:
            raise UnexpectedFrameError(self.state, kind)
        self.state = target

    def receive(self, kind: FrameKind) -> bool:
        """Advance by a frame of the other end; False when it says nothing new (stale, repeated).

        Raises:
            UnexpectedFrameError: the frame is not the other end's to send, or not now.
        """
        sender = Role.SERVER if self.role is Role.CLIENT else Role.CLIENT
        target = MOVES.get((self.state, sender, kind))
        if target is not None:
            self.state = target
            return True
        repeated = kind is FrameKind.REQUEST and self.state is not State.IDLE
        if (repeated or self.state is State.CLOSED) and (sender, kind) in _SENT:
            return False
        raise UnexpectedFrameError(self.state, kind)


_SENT = frozenset((sender, kind) for _, sender, kind in MOVES)
