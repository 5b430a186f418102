"""One end of a stream: the numbering of its frames, and its credit in both directions.

Credit is in bytes, as in HTTP/2, but a message may use up more than there is: it is sent while
any credit is left. So messages larger than the window pass, and a window never stands still.
The end that gives credit keeps the same account, so that memory stays bounded whatever comes.
"""

from __future__ import annotations

from grpc_kafka.protocol._errors import (
    CreditExceededError,
    CreditOverflowError,
    MissingFrameError,
)
from grpc_kafka.protocol._frames import FrameKind
from grpc_kafka.protocol._moves import Call, Role, State

WINDOW = 256 * 1024
"""Bytes of messages that may be under way to an end which has not taken them yet."""

MOST_CREDIT = 2**31 - 1
"""Bytes of credit that an end may have, as in HTTP/2."""

_OVERHEAD = 64


def cost_of(message: bytes) -> int:
    """The credit that a message takes; one without bytes takes some as well."""
    return len(message) + _OVERHEAD


class Stream:
    """One end's view of a streaming call.

    Args:
        role: which end.
        window: bytes that this end lets the other one send ahead.

    Attributes:
        credit: what this end may still send; any more than 0 allows one more message.

    """

    __slots__ = ("_allowed", "_call", "_received", "_sent", "_taken", "credit", "window")

    def __init__(self, role: Role, window: int = WINDOW) -> None:
        self.window = window
        self.credit = 0
        self._call = Call(role)
        self._sent = 0
        self._received = 0
        self._taken = 0
        self._allowed = window

    @property
    def state(self) -> State:
        """Where the call is."""
        return self._call.state

    def begin(self) -> None:
        """Note the REQUEST, which went through the queue and has no number.

        Raises:
            UnexpectedFrameError: this end sent it before.
        """
        self._note(Role.CLIENT, FrameKind.REQUEST)

    def cancel(self) -> None:
        """Note a CANCEL, sent or received; it has no number, for it may overtake anything.

        Raises:
            UnexpectedFrameError: there is nothing to cancel.
        """
        self._note(Role.CLIENT, FrameKind.CANCEL)

    def refused(self) -> None:
        """Note a RESPONSE, sent or received: no process accepts the stream.

        Raises:
            UnexpectedFrameError: one did.
        """
        self._note(Role.SERVER, FrameKind.RESPONSE)

    def send(self, kind: FrameKind) -> int:
        """Note that this end sends a frame; gives its number.

        Raises:
            UnexpectedFrameError: the frame is not this end's to send, or not now.
        """
        self._call.send(kind)
        number = self._sent
        self._sent += 1
        return number

    def receive(self, kind: FrameKind, number: int) -> bool:
        """Advance by a frame of the other end; False when it is stale or repeated.

        Raises:
            MissingFrameError: a frame before this one never came.
            UnexpectedFrameError: the frame is not the other end's to send, or not now.
        """
        if number < self._received:
            return False
        if number > self._received and self.state is not State.CLOSED:
            raise MissingFrameError(self._received, number)
        news = self._call.receive(kind)
        self._received += 1
        return news

    def spend(self, message: bytes) -> None:
        """Note that a message was sent."""
        self.credit -= cost_of(message)

    def grant(self, credit: int) -> None:
        """Note that the other end gives credit.

        Raises:
            CreditOverflowError: it is more than there can be.
        """
        if self.credit + credit > MOST_CREDIT:
            raise CreditOverflowError(self.credit + credit)
        self.credit += credit

    def admit(self, size: int) -> None:
        """Note that a message of so many bytes came, whole.

        Raises:
            CreditExceededError: the other end had no credit left when it sent it. It is not late
                credit that it had not heard of yet: what is granted counts from then on.
        """
        if self._allowed <= 0:
            raise CreditExceededError
        self._allowed -= size + _OVERHEAD

    def take(self, message: bytes) -> int:
        """Note that the application took a message; gives the credit to grant, or 0 for later."""
        self._taken += cost_of(message)
        if self._taken * 2 < self.window:
            return 0
        grant, self._taken = self._taken, 0
        self._allowed += grant
        return grant

    def _note(self, sender: Role, kind: FrameKind) -> None:
        if sender is self._call.role:
            self._call.send(kind)
        else:
            self._call.receive(kind)
