"""A channel's link to the brokers: an inbox, a sender, and the calls that wait for answers."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple

import grpc

from grpc_kafka._broker import Broker, Inbox, Record, Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError
from grpc_kafka._names import of_inbox, of_queue
from grpc_kafka.aio._call import KafkaUnaryUnaryCall
from grpc_kafka.aio._outcome import Outcome, outcome_of
from grpc_kafka.protocol import (
    CALL_ID_LENGTH,
    Address,
    Cancel,
    MalformedRecordError,
    Metadata,
    Request,
    Response,
    decode,
    encode_cancel,
    encode_request,
)

_LOG = logging.getLogger(__name__)
_FIRST_RETRY = 0.1
_LAST_RETRY = 5.0
_FLUSH = 5.0
# Seconds after which who waits for another state looks anew.
_LOOK = 0.5
# Seconds past which a timeout, `inf` among them, means no deadline on the wire.
_FOREVER = 1e9

type AnyCall = KafkaUnaryUnaryCall[object, object]


class Outgoing(NamedTuple):
    """A call and what its REQUEST will say."""

    call: AnyCall
    metadata: Metadata
    message: bytes
    deadline: float | None
    wait_for_ready: bool


class Connection:
    """Carries the calls of one channel.

    The inbox opens with the first call. Until it stands, requests wait here: a reply can only
    be heard by who listened before the request left.
    """

    def __init__(self, endpoint: Endpoint, broker: Broker) -> None:
        self.counters = Counters()
        self._endpoint = endpoint
        self._broker = broker
        self._instance = secrets.token_hex(8)
        self._topics: dict[str, str] = {}
        self._calls: dict[bytes, AnyCall] = {}
        self._waiting: dict[bytes, Outgoing] = {}
        self._address: Address | None = None
        self._inbox: Inbox | None = None
        self._sender: Sender | None = None
        self._opening: asyncio.Task[None] | None = None
        self._state = grpc.ChannelConnectivity.IDLE
        self._watchers: set[asyncio.Future[None]] = set()
        self._trouble = "not connected yet"

    @property
    def state(self) -> grpc.ChannelConnectivity:
        """Where the channel is; one whose brokers stopped to answer is failing."""
        if self._state is grpc.ChannelConnectivity.READY and not self.healthy().ok:
            return _FAILING
        return self._state

    @property
    def calls(self) -> list[AnyCall]:
        """The calls under way."""
        return list(self._calls.values())

    def new_id(self) -> bytes:
        """A call id that nobody can guess."""
        return os.urandom(CALL_ID_LENGTH)

    def start(self, outgoing: Outgoing) -> None:
        """Send a call's REQUEST, now or as soon as the inbox stands."""
        call = outgoing.call
        self._calls[call.call_id] = call
        if not outgoing.wait_for_ready and self.state is _FAILING:
            call.finish(Outcome(grpc.StatusCode.UNAVAILABLE, self.healthy().detail))
        elif self._address is not None and self._sender is not None:
            self._send(outgoing, self._address, self._sender)
        else:
            self._waiting[call.call_id] = outgoing
            self.open()

    def open(self) -> None:
        """Begin to open the inbox, if nothing else has."""
        if self._opening is None and self._state is not grpc.ChannelConnectivity.SHUTDOWN:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(self._opened)

    def cancel(self, call_id: bytes, path: str) -> None:
        """Send a CANCEL after a REQUEST, under the same key and so to the same partition."""
        if self._sender is None:
            return
        try:
            self._sender.send(self._topic(path), encode_cancel(Cancel(call_id)), _unheard)
        except BrokerError as error:
            _unheard(error)

    def forget(self, call_id: bytes) -> None:
        """Hear nothing more for a call."""
        self._calls.pop(call_id, None)
        self._waiting.pop(call_id, None)

    def receive(self, records: Sequence[Record]) -> None:
        """Give each answer to its call; what is not for this process concerns others."""
        for record in records:
            call = self._calls.get(record.key or b"")
            if call is not None:
                self._answer(call, record)

    def healthy(self) -> Health:
        """Whether a call would be carried now."""
        if self._inbox is None or self._sender is None:
            return Health(ok=False, detail=self._trouble)
        heard = self._inbox.healthy()
        return self._sender.healthy() if heard.ok else heard

    async def changed(self) -> None:
        """Wait until the state may be another: nothing tells that brokers stop to answer."""
        watcher = asyncio.get_running_loop().create_future()
        self._watchers.add(watcher)
        try:
            await asyncio.wait([watcher], timeout=_LOOK)
        finally:
            self._watchers.discard(watcher)

    def refuse_more(self) -> None:
        """Begin no more calls; those under way go on."""
        self._trouble = "the channel is closed"
        self._become(grpc.ChannelConnectivity.SHUTDOWN)

    async def close(self) -> None:
        """Cancel what is under way, send what waits to be sent, and let go."""
        self.refuse_more()
        for call in self.calls:
            call.cancel_because("Channel closed!")
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        sender, self._sender = self._sender, None
        inbox, self._inbox = self._inbox, None
        self._address = None
        if sender is not None:
            await sender.close(_FLUSH)
        if inbox is not None:
            await inbox.close()

    def _answer(self, call: AnyCall, record: Record) -> None:
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError as error:
            self.counters.malformed += 1
            if is_worth_a_line(self.counters.malformed):
                _LOG.warning("inbox %s: %s", record.topic, error)
            return
        if not isinstance(frame, Response) or frame.to != self._instance:
            self.counters.unexpected += 1
        else:
            call.answer(frame)

    def _send(self, outgoing: Outgoing, address: Address, sender: Sender) -> None:
        call, metadata, message, deadline, _ = outgoing
        record = encode_request(
            Request(call.call_id, call.path, address, deadline, metadata, message)
        )

        def report(error: BrokerError | None) -> None:
            if error is not None:
                call.finish(outcome_of(error, "the request"))

        try:
            sender.send(self._topic(call.path), record, report)
        except BrokerError as error:
            call.finish(outcome_of(error, "the request"))
        else:
            call.sent()

    def _topic(self, path: str) -> str:
        topic = self._topics.get(path)
        if topic is None:
            topic = of_queue(self._endpoint.lane, path[1:].rpartition("/")[0])
            self._topics[path] = topic
        return topic

    async def _open(self) -> None:
        topic = of_inbox(self._endpoint.lane, self._endpoint.application)
        self._become(grpc.ChannelConnectivity.CONNECTING)
        pause = _FIRST_RETRY
        while self._inbox is None:
            try:
                sender = self._sender or self._broker.sender(self._endpoint, every_report=False)
                self._sender = sender
                self._inbox = await self._broker.open_inbox(self._endpoint, topic, self.receive)
            except BrokerError as error:
                self._failed(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_RETRY)
        self._address = Address(topic, self._inbox.partition, self._instance)
        self._become(grpc.ChannelConnectivity.READY)
        while self._waiting:
            # One by one: what is left when a bug ends this is told so, by `_opened`.
            self._send(self._waiting.pop(next(iter(self._waiting))), self._address, sender)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        error = None if opening.cancelled() else opening.exception()
        if error is not None:
            # A bug, not a broker's refusal: waiting for its end by itself would be in vain.
            # Whoever calls next tries anew.
            self._opening = None
            self._trouble = f"the inbox cannot be opened: {error!r}"
            _LOG.error("%s", self._trouble, exc_info=error)
            self._become(_FAILING)
            for outgoing in list(self._waiting.values()):
                outgoing.call.finish(Outcome(grpc.StatusCode.INTERNAL, self._trouble))

    def _failed(self, error: BrokerError) -> None:
        self._trouble = f"the inbox cannot be read: {error.reason}"
        _LOG.warning("%s; trying again", self._trouble)
        self._become(_FAILING)
        for outgoing in list(self._waiting.values()):
            if not outgoing.wait_for_ready:
                outgoing.call.finish(Outcome(grpc.StatusCode.UNAVAILABLE, self._trouble))

    def _become(self, state: grpc.ChannelConnectivity) -> None:
        # Closing lets calls go on for a while, and so the link to the brokers; it stays closing.
        if self._state not in (state, grpc.ChannelConnectivity.SHUTDOWN):
            self._state = state
            for watcher in self._watchers:
                if not watcher.done():
                    watcher.set_result(None)


_FAILING = grpc.ChannelConnectivity.TRANSIENT_FAILURE


def deadline_after(timeout: float | None) -> float | None:
    """The absolute deadline of a call that begins now, in seconds since the epoch."""
    return None if timeout is None or timeout > _FOREVER else time.time() + timeout


def _unheard(error: BrokerError | None) -> None:
    if error is not None:
        _LOG.debug("a cancellation was not sent, the deadline will do: %s", error)
