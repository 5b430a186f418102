"""What is sent, and must be answered by the same."""

from __future__ import annotations

MESSAGE = b"0123456789" * 10
"""100 bytes, of which a transport for text can make text."""

TIMEOUT = 30.0
"""Seconds that a call may take."""


class WrongReplyError(Exception):
    """A call was answered with something else than was sent."""


def check(reply: bytes, message: bytes = MESSAGE) -> None:
    """See that a reply is what was sent.

    Raises:
        WrongReplyError: it is not.
    """
    if reply != message:
        raise WrongReplyError(f"{reply[:40]!r} came for {message[:40]!r}")


def distinct(number: int) -> bytes:
    """A message that no other number has, as long as any."""
    return b"%0100d" % number
