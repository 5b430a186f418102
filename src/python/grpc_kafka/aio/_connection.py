"""A channel's link to the brokers: an inbox, a sender, and the calls that wait for answers."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
import weakref
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import grpc

from grpc_kafka._broker import Broker, Record, Report, Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError
from grpc_kafka._names import of_queue
from grpc_kafka.aio._attendance import Attendance
from grpc_kafka.aio._call import FOREVER
from grpc_kafka.aio._call_ids import CallIds
from grpc_kafka.aio._deadlines import Deadlines
from grpc_kafka.aio._home import Home
from grpc_kafka.aio._insisting import insist
from grpc_kafka.aio._outcome import Outcome, outcome_of
from grpc_kafka.aio._peers import Peers
from grpc_kafka.aio._records import records_of
from grpc_kafka.aio._stream_call import KafkaStreamCall
from grpc_kafka.aio._stream_carrier import StreamRequest
from grpc_kafka.protocol import (
    Accept,
    Address,
    Arity,
    Cancel,
    Encoded,
    Frame,
    MalformedRecordError,
    Metadata,
    Part,
    Ping,
    Request,
    Responses,
    UnexpectedFrameError,
    decode,
    encode_cancel,
    key_of,
)

_LOG = logging.getLogger(__name__)
_FLUSH = 5.0
# Seconds after which who waits for another state looks anew.
_LOOK = 0.5
_FAILING = grpc.ChannelConnectivity.TRANSIENT_FAILURE


class InFlight(Protocol):
    """A call under way, as what carries it sees it."""

    call_id: bytes
    path: str

    def sent(self) -> None:
        """Note that its REQUEST left."""

    def receive(self, frame: Frame) -> None:
        """Take a frame for this process.

        Raises:
            UnexpectedFrameError: a frame that the call does not allow now.
        """

    def finish(self, outcome: Outcome) -> None:
        """End it; only the first end counts."""

    def abandon(self, outcome: Outcome) -> None:
        """End it here, and tell a server that may have its REQUEST."""

    def cancel_because(self, details: str) -> bool:
        """End it here with the given details and tell the server; False when it is over."""

    async def code(self) -> grpc.StatusCode:
        """The status that it ended with, once it has."""


class Outgoing(NamedTuple):
    """A call and what its REQUEST will say."""

    call: InFlight
    metadata: Metadata
    message: bytes
    deadline: float | None
    wait_for_ready: bool
    arity: Arity = Arity.UNARY_UNARY


class Connection:
    """Carries the calls of one channel.

    The inbox opens with the first call. Until it stands, requests wait here: a reply can only
    be heard by who listened before the request left.
    """

    def __init__(self, endpoint: Endpoint, broker: Broker) -> None:
        self.counters = Counters()
        self.deadlines = Deadlines()
        self.intercepted: weakref.WeakSet[grpc.aio.Call] = weakref.WeakSet()
        self._ids = CallIds()
        self._endpoint = endpoint
        self._broker = broker
        self._home = Home(endpoint, broker, self.receive, stands=self._stands, failed=self._failed)
        self._me = key_of(self._home.instance)
        self._attendance = Attendance(broker.lookout(endpoint))
        self._peers: Peers | None = None
        self._topics: dict[str, str] = {}
        self._calls: dict[bytes, InFlight] = {}
        self._waiting: dict[bytes, Outgoing] = {}
        self._sender: Sender | None = None
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
    def calls(self) -> list[InFlight]:
        """The calls under way."""
        return list(self._calls.values())

    @property
    def peers(self) -> Peers:
        """Watches over the servers that have streams of this channel."""
        if self._peers is None:
            self._peers = Peers(self.post, lambda: self._home.address)
        return self._peers

    def require_open(self) -> None:
        """Make sure that calls may begin.

        Raises:
            grpc.aio.UsageError: the channel is closed.
        """
        if self._state is grpc.ChannelConnectivity.SHUTDOWN:
            raise grpc.aio.UsageError("Channel is closed.")

    def new_id(self) -> bytes:
        """A call id that nobody can guess."""
        return self._ids.draw()

    def expect(self, call: InFlight) -> None:
        """Open the inbox for a call that starts soon, and let it end with the channel."""
        self._calls[call.call_id] = call
        self.open()

    def start(self, outgoing: Outgoing) -> None:
        """Send a call's REQUEST, now or as soon as the inbox stands.

        One that does not wait is sent when its queue is served; else it ends UNAVAILABLE.
        """
        call = outgoing.call
        self._calls[call.call_id] = call
        if outgoing.wait_for_ready:
            self._go(outgoing)
        elif not self._failing(call):
            self.open()
            go = functools.partial(self._go_at_once, outgoing)
            self._attendance.admit(self._topic(call.path), call, go)

    def _go_at_once(self, outgoing: Outgoing) -> None:
        if not self._failing(outgoing.call):
            self._go(outgoing)

    def _failing(self, call: InFlight) -> bool:
        """Whether no broker answers; a call that does not wait for that is ended."""
        if self.state is not _FAILING:
            return False
        call.finish(Outcome(grpc.StatusCode.UNAVAILABLE, self.healthy().detail))
        return True

    def _go(self, outgoing: Outgoing) -> None:
        if self._home.address is not None and self._sender is not None:
            self._send(outgoing, self._home.address, self._sender)
        else:
            self._waiting[outgoing.call.call_id] = outgoing
            self.open()

    def begin(self, call: KafkaStreamCall, request: StreamRequest) -> None:
        """Send a stream's REQUEST; see `start`."""
        arity, metadata, message, deadline, wait_for_ready = request
        self.start(Outgoing(call, metadata, message, deadline, wait_for_ready, arity))

    def open(self) -> None:
        """Begin to open the inbox, if nothing else has."""
        if self._state is grpc.ChannelConnectivity.SHUTDOWN:
            return
        if self._state is grpc.ChannelConnectivity.IDLE:
            self._become(grpc.ChannelConnectivity.CONNECTING)
        if self._sender is None:
            try:
                self._sender = self._broker.sender(self._endpoint, every_report=False)
            except BrokerError as error:
                # Settings that no producer takes: no trying again would help.
                self._end_waiting(error, grpc.StatusCode.UNAVAILABLE, patient=False)
                return
        self._home.open()

    def cancel(self, call_id: bytes, path: str) -> None:
        """Send a CANCEL after a REQUEST, under the same key and so to the same partition."""
        self._insist(self._topic(path), encode_cancel(Cancel(call_id)), None)

    def let_go(self, address: Address, call_id: bytes) -> None:
        """Send a CANCEL to a process that has, or wants to have, a stream."""
        record = encode_cancel(Cancel(call_id, address.instance))
        self._insist(address.topic, record, address.partition)

    def post(self, address: Address, record: Encoded) -> None:
        """Send a record to a process; the call that it belongs to ends when it cannot be sent."""

        def report(error: BrokerError | None) -> None:
            call = self._calls.get(record.key)
            if error is not None and isinstance(call, KafkaStreamCall):
                call.abandon(outcome_of(error, "a frame of the stream"))

        if self._sender is None:
            return
        try:
            self._sender.send(address.topic, record, report, partition=address.partition)
        except BrokerError as error:
            report(error)

    def forget(self, call_id: bytes) -> None:
        """Hear nothing more for a call."""
        self._calls.pop(call_id, None)
        self._waiting.pop(call_id, None)
        self._attendance.forget(call_id)

    def receive(self, records: Sequence[Record]) -> None:
        """Give each frame to its call; what is not for this process concerns others."""
        for record in records:
            call = self._calls.get(record.key or b"")
            if call is not None or record.key == self._me:
                self._take(call, record)

    def healthy(self) -> Health:
        """Whether a call would be carried now."""
        if self._home.address is None or self._sender is None:
            return Health(ok=False, detail=self._trouble)
        heard = self._home.healthy()
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
        if self._peers is not None:
            self._peers.close()
        await self._attendance.close()
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.close(_FLUSH)
        await self._home.close()

    def _insist(self, topic: str, record: Encoded, partition: int | None) -> None:
        def send(report: Report) -> None:
            if self._sender is not None:
                self._sender.send(topic, record, report, partition=partition)

        insist(send, _unheard)

    def _take(self, call: InFlight | None, record: Record) -> None:
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError as error:
            self.counters.malformed += 1
            if is_worth_a_line(self.counters.malformed):
                _LOG.warning("inbox %s: %s", record.topic, error)
            return
        if isinstance(frame, Part) and call is not None:
            self._give(call, frame)
        elif isinstance(frame, (Part, Request)) or frame.to != self._home.instance:
            self.counters.unexpected += 1
        elif isinstance(frame, Responses):
            self._share_out(frame)
        elif isinstance(frame, Ping):
            self.peers.heard(frame.reply_to.instance)
        elif call is not None and self._may_accept(frame):
            self._give(call, frame)

    def _share_out(self, frame: Responses) -> None:
        for answer in frame.apart():
            call = self._calls.get(answer.call_id)
            if call is not None:
                self._give(call, answer)

    def _give(self, call: InFlight, frame: Frame) -> None:
        try:
            call.receive(frame)
        except UnexpectedFrameError as error:
            self.counters.unexpected += 1
            if is_worth_a_line(self.counters.unexpected):
                _LOG.warning("%s: %s", call.path, error)

    def _may_accept(self, frame: Frame) -> bool:
        """Whether a server that takes a stream is one of this lane: frames go where it says."""
        if not isinstance(frame, Accept):
            return True
        if frame.reply_to.is_inbox_of(self._endpoint.lane):
            self._attendance.forget(frame.call_id)
            return True
        self.counters.unexpected += 1
        return False

    def _send(self, outgoing: Outgoing, address: Address, sender: Sender) -> None:
        call = outgoing.call
        topic = self._topic(call.path)

        def report(error: BrokerError | None) -> None:
            if error is not None:
                call.finish(outcome_of(error, "the request"))

        try:
            for record in records_of(_request(outgoing, address)):
                sender.send(topic, record, report)
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

    def _stands(self, address: Address) -> None:
        self._become(grpc.ChannelConnectivity.READY)
        while self._waiting and self._sender is not None:
            # One by one: what is left when a bug ends this is told so, by `_failed`.
            self._send(self._waiting.pop(next(iter(self._waiting))), address, self._sender)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, BrokerError):
            self._end_waiting(error, grpc.StatusCode.UNAVAILABLE, patient=True)
        else:
            self._end_waiting(error, grpc.StatusCode.INTERNAL, patient=False)

    def _end_waiting(self, error: Exception, code: grpc.StatusCode, *, patient: bool) -> None:
        said = error.reason if isinstance(error, BrokerError) else repr(error)
        self._trouble = f"the inbox cannot be read: {said}"
        self._become(_FAILING)
        for outgoing in list(self._waiting.values()):
            if not (patient and outgoing.wait_for_ready):
                outgoing.call.finish(Outcome(code, self._trouble))

    def _become(self, state: grpc.ChannelConnectivity) -> None:
        # Closing lets calls go on for a while, and so the link to the brokers; it stays closing.
        if self._state not in (state, grpc.ChannelConnectivity.SHUTDOWN):
            self._state = state
            for watcher in self._watchers:
                if not watcher.done():
                    watcher.set_result(None)


def deadline_after(timeout: float | None) -> float | None:
    """The absolute deadline of a call that begins now, in seconds since the epoch."""
    return None if timeout is None or timeout > FOREVER else time.time() + timeout


def _request(outgoing: Outgoing, address: Address) -> Request:
    call, metadata, message, deadline, _, arity = outgoing
    return Request(call.call_id, call.path, address, deadline, metadata, message, arity)


def _unheard(error: BrokerError) -> None:
    _LOG.warning("a cancellation was not sent, the deadline has to do: %s", error)
