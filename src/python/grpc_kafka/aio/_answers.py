"""Sends the answers of a server, and finishes a call only when its answer arrived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from grpc_kafka._broker import Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka.aio._insisting import HOPELESS
from grpc_kafka.aio._outcome import shortened
from grpc_kafka.aio._records import records_of
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.protocol import Response

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE = 0.5
_LAST_PAUSE = 10.0


class Answers:
    """What a server says to its clients.

    An answer that the brokers did not acknowledge is sent again, until its call's deadline, the
    server's end, or another server has the request; until then the request stays uncommitted.
    Sending an answer twice is safe: a client takes the first.

    Args:
        sender: sends records, and reports on each.
        counters: where answers are counted that could not be delivered.
        relieved: told that fewer answers wait to be sent again.

    """

    def __init__(self, sender: Sender, counters: Counters, relieved: Callable[[], None]) -> None:
        self._sender = sender
        self._counters = counters
        self._relieved = relieved
        self._loop = asyncio.get_running_loop()
        self._late: set[Rpc] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many answers failed to be sent and are tried again."""
        return len(self._late)

    def close(self) -> None:
        """Send nothing again: what is not acknowledged by now is left to the next server."""
        self._closed = True

    def send(self, rpc: Rpc, answer: Response) -> None:
        """Send a call's answer, and finish the call when the brokers have it."""
        self._send(rpc, answer, _FIRST_PAUSE)

    def _send(self, rpc: Rpc, answer: Response, pause: float) -> None:
        records = records_of(answer)
        unheard = len(records)

        def report(error: BrokerError | None) -> None:
            nonlocal unheard
            unheard -= 1
            if error is not None and unheard >= 0:
                # One is enough: all of its records are sent again.
                unheard = 0
                self._failed(rpc, answer, error, pause)
            elif unheard == 0:
                rpc.finish()
                self._settle(rpc)

        topic, partition, _ = rpc.request.reply_to
        try:
            for record in records:
                self._sender.send(topic, record, report, partition=partition)
        except BrokerError as error:
            report(error)

    def _failed(self, rpc: Rpc, answer: Response, error: BrokerError, pause: float) -> None:
        shorter = _shortened(answer, error)
        if isinstance(error, RecordTooLargeError) and shorter != answer:
            self._send(rpc, shorter, pause)
        elif isinstance(error, HOPELESS) or rpc.expired():
            self._give_up(rpc, error)
        elif self._closed or rpc.lost:
            self._settle(rpc)
        else:
            self._late.add(rpc)
            self._loop.call_later(pause, self._send, rpc, answer, min(pause * 2, _LAST_PAUSE))

    def _give_up(self, rpc: Rpc, error: BrokerError) -> None:
        self._counters.unsent += 1
        count = self._counters.unsent
        if is_worth_a_line(count):
            path = rpc.request.path
            _LOG.error(
                "the answer to a call of %r was not sent: %s (%d so far)", path, error, count
            )
        rpc.finish()
        self._settle(rpc)

    def _settle(self, rpc: Rpc) -> None:
        if rpc in self._late:
            self._late.remove(rpc)
            self._relieved()


def _shortened(answer: Response, error: BrokerError) -> Response:
    """What is said in place of an answer that does not fit: its error, or that it is too large."""
    status, details = shortened(answer.status, answer.details, "the answer", error)
    return answer._replace(
        initial_metadata=(), status=status, details=details, trailing_metadata=(), message=b""
    )
