"""Sets aside what no server can serve: as dead letters, beside the queue that it came by."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

import grpc

from grpc_kafka._broker import Record, Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._errors import BrokerError, RecordTooLargeError, UnknownTopicError
from grpc_kafka._names import dead_letters_of
from grpc_kafka.protocol import (
    Death,
    MalformedRecordError,
    Request,
    Response,
    decode,
    encode_response,
    letter_of,
)

if TYPE_CHECKING:
    from grpc_kafka.aio._intake import Ticket

_LOG = logging.getLogger(__name__)
_PAUSE = 1.0
# A flood of garbage while the brokers are away is dropped past this: it must not fill the memory.
_WAITING = 1000


class Delivery(NamedTuple):
    """A record, and the ticket that it came by."""

    record: Record
    ticket: Ticket


class DeadLetters:
    """The dead letters of a server.

    A record is finished, and the caller of a request told, when the brokers have its letter. A
    topic of dead letters that does not exist keeps nobody: the record is counted and dropped.

    Args:
        sender: sends letters, and reports on each.
        lane: whose inboxes may be answered to.
        counters: where letters are counted.

    """

    def __init__(self, sender: Sender, lane: str, counters: Counters) -> None:
        self._sender = sender
        self._lane = lane
        self._counters = counters
        self._waiting = 0
        self._closed = False

    def close(self) -> None:
        """Send nothing again: what is not acknowledged by now is left to the next server."""
        self._closed = True

    def bury(self, delivery: Delivery, reason: str) -> None:
        """Set a record aside, finish it, and answer to a request that it was."""
        if self._waiting >= _WAITING:
            self._give_up(delivery, reason, BrokerError("too many letters wait to be sent"))
            return
        self._waiting += 1
        self._send(delivery, reason)

    def _send(self, delivery: Delivery, reason: str) -> None:
        def report(error: BrokerError | None) -> None:
            self._heard(delivery, reason, error)

        record = delivery.record
        source = f"{record.topic}/{record.partition}/{record.offset}"
        death = Death(reason, source, time.time())
        letter = letter_of(record.key, record.headers, record.value, death)
        try:
            self._sender.send(dead_letters_of(record.topic), letter, report)
        except BrokerError as error:
            report(error)

    def _heard(self, delivery: Delivery, reason: str, error: BrokerError | None) -> None:
        if error is None:
            self._waiting -= 1
            self._counters.dead_lettered += 1
            self._finish(delivery, f"the request was set aside as a dead letter: {reason}")
        elif isinstance(error, (RecordTooLargeError, UnknownTopicError)):
            self._waiting -= 1
            self._give_up(delivery, reason, error)
        elif self._closed or delivery.ticket.lost:
            self._waiting -= 1
            delivery.ticket.drop()
        else:
            asyncio.get_running_loop().call_later(_PAUSE, self._send, delivery, reason)

    def _give_up(self, delivery: Delivery, reason: str, error: BrokerError) -> None:
        self._counters.unlettered += 1
        count = self._counters.unlettered
        if is_worth_a_line(count):
            topic, partition, offset = delivery.record[:3]
            letters = dead_letters_of(topic)
            _LOG.error(
                "%s/%d at %d is dropped, not set aside in %s: %s (%d so far)",
                *(topic, partition, offset, letters, error, count),
            )
        self._finish(delivery, f"the request was dropped: {reason}")

    def _finish(self, delivery: Delivery, details: str) -> None:
        self._answer(delivery.record, details)
        delivery.ticket.finish()

    def _answer(self, record: Record, details: str) -> None:
        try:
            request = decode(record.key, record.headers, record.value)
        except MalformedRecordError:
            return
        if isinstance(request, Request) and request.reply_to.is_inbox_of(self._lane):
            topic, partition, _ = request.reply_to
            answer = encode_response(_refusal(request, details))
            try:
                self._sender.send(topic, answer, self._told, partition=partition)
            except BrokerError as error:
                self._told(error)

    def _told(self, error: BrokerError | None) -> None:
        if error is not None:
            self._counters.unsent += 1


def _refusal(request: Request, details: str) -> Response:
    return Response(
        request.call_id,
        request.reply_to.instance,
        (),
        grpc.StatusCode.INTERNAL.value[0],
        details,
        (),
        b"",
    )
