"""Sends the answers of a server, and finishes a call only when its answer arrived."""

from __future__ import annotations

import asyncio
import logging

import grpc

from grpc_kafka._broker import Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._errors import BrokerError, RecordTooLargeError, UnknownTopicError
from grpc_kafka.aio._rpc import Rpc
from grpc_kafka.protocol import Response, encode_response

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 5
_AGAIN_AFTER = 1.0


class Answers:
    """What a server says to its clients.

    An answer that the brokers did not acknowledge is sent again, until its call's deadline and
    a few times at most. Sending it twice is safe: a client takes the first.

    Args:
        sender: sends records, and reports on each.
        counters: where answers are counted that could not be delivered.

    """

    def __init__(self, sender: Sender, counters: Counters) -> None:
        self._sender = sender
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._closed = False

    def close(self) -> None:
        """Send nothing again: what is not acknowledged by now is left to the next server."""
        self._closed = True

    def send(self, rpc: Rpc, answer: Response, attempts: int = _ATTEMPTS) -> None:
        """Send a call's answer, and finish the call when the brokers have it."""

        def report(error: BrokerError | None) -> None:
            if error is None:
                rpc.finish()
            else:
                self._failed(rpc, answer, error, attempts - 1)

        topic, partition, _ = rpc.request.reply_to
        try:
            self._sender.send(topic, encode_response(answer), report, partition=partition)
        except BrokerError as error:
            self._failed(rpc, answer, error, attempts - 1)

    def _failed(self, rpc: Rpc, answer: Response, error: BrokerError, attempts: int) -> None:
        hopeless = isinstance(error, (RecordTooLargeError, UnknownTopicError))
        if isinstance(error, RecordTooLargeError) and attempts and not answer.status:
            self.send(rpc, _too_large(answer, error), attempts)
        elif hopeless or not attempts or rpc.expired():
            self._give_up(rpc, error)
        elif not self._closed:
            self._loop.call_later(_AGAIN_AFTER, self.send, rpc, answer, attempts)

    def _give_up(self, rpc: Rpc, error: BrokerError) -> None:
        self._counters.unsent += 1
        count = self._counters.unsent
        if is_worth_a_line(count):
            path = rpc.request.path
            _LOG.error(
                "the answer to a call of %r was not sent: %s (%d so far)", path, error, count
            )
        rpc.finish()


def _too_large(answer: Response, error: BrokerError) -> Response:
    return Response(
        call_id=answer.call_id,
        to=answer.to,
        initial_metadata=(),
        status=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0],
        details=f"the answer could not be sent: {error.reason}",
        trailing_metadata=(),
        message=b"",
    )
