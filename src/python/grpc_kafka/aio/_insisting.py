"""Sends again what ends a call, when the brokers did not take it: nothing else would tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from grpc_kafka._broker import Report
from grpc_kafka._errors import (
    AuthorizationError,
    BrokerError,
    RecordTooLargeError,
    UnknownTopicError,
)

TRIES = 8
"""How often an end is sent at most; the pauses between are together half a minute or so."""

HOPELESS = (AuthorizationError, RecordTooLargeError, UnknownTopicError)
"""Errors of a record that is not sent again: it would not help, and take another one's place."""

_FIRST_PAUSE = 0.5
_LAST_PAUSE = 10.0


def insist(
    send: Callable[[Report], None],
    given_up: Callable[[BrokerError], None],
    *,
    pause: float = _FIRST_PAUSE,
    tries: int = TRIES,
) -> None:
    """Send a record until the brokers have it, a bounded number of times.

    Sending it twice is safe: whoever is told the end of a call takes the first.

    Args:
        send: hands it over with the report that it is given; does nothing once all is closed.
        given_up: told the last error, when it was not sent.
        pause: seconds before the next time.
        tries: how often it is sent yet.

    """

    def report(error: BrokerError | None) -> None:
        if error is None:
            return
        if tries == 1 or isinstance(error, HOPELESS):
            given_up(error)
            return
        asyncio.get_running_loop().call_later(pause, again)

    def again() -> None:
        insist(send, given_up, pause=min(pause * 2, _LAST_PAUSE), tries=tries - 1)

    try:
        send(report)
    except BrokerError as error:
        report(error)
