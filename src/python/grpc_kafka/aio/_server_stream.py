"""Streams as their server carries them, from inbox to inbox."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence

import grpc

from grpc_kafka._broker import Broker, Record, Report, Sender
from grpc_kafka._counters import Counters, is_worth_a_line
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError, RecordTooLargeError
from grpc_kafka.aio._home import Home
from grpc_kafka.aio._insisting import insist
from grpc_kafka.aio._options import Limits
from grpc_kafka.aio._outcome import BREAKING, broken_by, larger_than_max, shortened
from grpc_kafka.aio._peers import SILENCE, Peers
from grpc_kafka.aio._pipe import Pipe
from grpc_kafka.protocol import (
    Accept,
    Address,
    Cancel,
    Encoded,
    FrameKind,
    HalfClose,
    InitialMetadata,
    MalformedRecordError,
    Message,
    Metadata,
    Ping,
    Request,
    Role,
    State,
    Trailers,
    UnexpectedFrameError,
    Window,
    decode,
    encode_stream,
    key_of,
)

_LOG = logging.getLogger(__name__)
_FLUSH = 5.0

type Lost = Callable[[], None]


class ServerStream:
    """One stream that this process takes.

    Args:
        request: its first frame.
        home: where this process hears of this run of it.
        desk: carries its frames.
        lost: called when nobody is at the other end any more, or cancelled it.
        limits: sizes of messages.

    Attributes:
        home: where it hears; what is for another address is not for it.
        unheard: why its client may not have heard that this process takes it; None when it may.

    """

    def __init__(
        self,
        request: Request,
        home: Address,
        desk: Desk,
        lost: Lost,
        *,
        limits: Limits,
    ) -> None:
        self.call_id = request.call_id
        self._client = request.reply_to
        self.home = home
        self._desk = desk
        self._lost = lost
        self.limits = limits
        self.unheard: BrokerError | None = None
        self.loop = asyncio.get_running_loop()
        self._pipe = Pipe(request.call_id, Role.SERVER, desk.post, receive_limit=limits.receive)
        self._pipe.peer = request.reply_to
        self._pipe.stream.begin()
        self._confirmed = self.loop.create_future()
        self._too_large = ""
        self._one: bytes | None = None if request.arity.request_streaming else request.message

    async def accept(self) -> None:
        """Say that this process takes the stream; return when its client has confirmed that."""
        self._desk.add(self)
        self._desk.peers.watch(self._client, self.call_id, self._lost)
        window = self._pipe.stream.window
        self._pipe.send(
            FrameKind.ACCEPT,
            lambda to, number: Accept(self.call_id, to, number, self.home, window),
        )
        # A client that lives need not know of it any more: it was delivered again.
        timer = self.loop.call_later(SILENCE, self._lost)
        try:
            await self._confirmed
        finally:
            timer.cancel()

    async def read(self) -> bytes | None:
        """The client's next message; None when there are no more."""
        if self._one is not None:
            one, self._one = self._one, None
            return one
        message = await self._pipe.read()
        if message is None and self._too_large:
            self._break(grpc.StatusCode.RESOURCE_EXHAUSTED, self._too_large)
            # So that its reader is cancelled here, and does not take it for the end.
            await asyncio.sleep(0)
        return message

    async def write(self, message: bytes) -> bool:
        """Send a message as soon as there is credit; False when the stream ended before."""
        return await self._pipe.write(message)

    def send_initial_metadata(self, metadata: Metadata) -> None:
        """Send what stands before the first message."""
        if self._pipe.stream.state is not State.CLOSED:
            self._pipe.send(
                FrameKind.HEADERS,
                lambda to, number: InitialMetadata(self.call_id, to, number, metadata),
            )

    def finish(self, status: int, details: str, metadata: Metadata) -> None:
        """Send how it ended, unless it is over, and let go."""
        if self._pipe.stream.state not in (State.REQUESTED, State.CLOSED):
            self._pipe.flush()
            number = self._pipe.stream.send(FrameKind.TRAILERS)
            to, me = self._client.instance, self.home.instance
            end = Trailers(self.call_id, to, number, me, status, details, metadata)
            self._desk.end(self._client, end)
        self.close()

    def break_off(self) -> None:
        """Give the handler nothing more to read or to wait for; what it has written is sent."""
        self._pipe.flush()
        self._pipe.break_off()

    def close(self) -> None:
        """Let go, without a word."""
        self._pipe.break_off()
        # Another run of it may be here by now, which goes on.
        if self._desk.remove(self):
            self._desk.peers.unwatch(self._client, self.call_id)

    def receive(self, frame: Message | Window | HalfClose | Cancel) -> None:
        """Take a frame of the client.

        Raises:
            UnexpectedFrameError: a frame that the call does not allow now.
        """
        self._desk.peers.heard(self._client.instance)
        if isinstance(frame, Cancel):
            self._pipe.stream.cancel()
            self._lost()
            return
        kind = _KINDS[type(frame)]
        try:
            if not self._pipe.stream.receive(kind, frame.sequence):
                return
            size = self._pipe.receive(frame)
        except BREAKING as error:
            code, details, *_ = broken_by(error)
            self._break(code, details)
            return
        if not self._confirmed.done():
            self._confirmed.set_result(None)
        if size and self.limits.receive is not None:
            self._too_large = larger_than_max("SERVER", "Received", size, self.limits.receive)

    def fail(self, error: BrokerError) -> None:
        """Take it that a frame of it could not be sent."""
        if not self._confirmed.done():
            self.unheard = error
        self._break(grpc.StatusCode.UNAVAILABLE, f"a frame was not sent: {error.reason}")

    def _break(self, code: grpc.StatusCode, details: str) -> None:
        self.finish(code.value[0], details, ())
        self._lost()


_KINDS: dict[type, FrameKind] = {
    Message: FrameKind.MESSAGE,
    Window: FrameKind.WINDOW,
    HalfClose: FrameKind.HALF_CLOSE,
}


class Desk:
    """All streams of a server: its inbox, what it sends, and who is at the other ends.

    The inbox opens with the first stream.

    Args:
        endpoint: names the inbox.
        broker: opens it.
        counters: where dropped frames are counted.

    """

    def __init__(self, endpoint: Endpoint, broker: Broker, counters: Counters) -> None:
        self._endpoint = endpoint
        self._broker = broker
        self._counters = counters
        self._sender: Sender | None = None
        self._closed = False
        self._streams: dict[bytes, ServerStream] = {}
        self._trouble = ""
        self._arrivals: set[asyncio.Future[Address]] = set()
        self._runs = itertools.count(1)
        self._home = Home(endpoint, broker, self._receive, stands=self._stands, failed=self._failed)
        self._me = key_of(self._home.instance)
        self.peers = Peers(self.post, lambda: self._home.address)

    async def home(self) -> Address:
        """Where the next run of a stream hears, as soon as that is known.

        Raises:
            Exception: a bug keeps it from being known.
        """
        home = self._home.address
        if home is None:
            arrival: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
            self._arrivals.add(arrival)
            self._home.open()
            try:
                home = await arrival
            finally:
                self._arrivals.discard(arrival)
        return home.of_run(next(self._runs))

    def add(self, stream: ServerStream) -> None:
        """Give its frames to a stream."""
        self._streams[stream.call_id] = stream

    def remove(self, stream: ServerStream) -> bool:
        """Give it nothing more; False when another run of it is given its frames."""
        if self._streams.get(stream.call_id) is not stream:
            return False
        del self._streams[stream.call_id]
        return True

    def post(self, address: Address, record: Encoded) -> None:
        """Send a record to a process; the stream it belongs to is told when that fails."""

        def report(error: BrokerError | None) -> None:
            stream = self._streams.get(record.key)
            if error is not None and stream is not None:
                stream.fail(error)

        try:
            self._send(address, record, report)
        except BrokerError as error:
            report(error)

    def healthy(self) -> Health:
        """Whether streams are heard; before the first one there is nothing to hear."""
        if self._trouble:
            return Health(ok=False, detail=self._trouble)
        if self._home.address is None:
            return Health(ok=True, detail="no stream was begun yet")
        return self._home.healthy()

    def end(self, address: Address, end: Trailers) -> None:
        """Say how a stream ended; again, when it was not sent: nobody else tells its client."""

        def given_up(error: BrokerError) -> None:
            shorter = _shortened(end, error)
            if isinstance(error, RecordTooLargeError) and shorter != end:
                self.end(address, shorter)
                return
            self._counters.unsent += 1
            if is_worth_a_line(self._counters.unsent):
                count = self._counters.unsent
                _LOG.error("the end of a stream was not sent: %s (%d so far)", error, count)

        record = encode_stream(end)
        insist(lambda report: self._send(address, record, report), given_up)

    def _send(self, address: Address, record: Encoded, report: Report) -> None:
        if self._sender is None:
            self._sender = self._broker.sender(self._endpoint, every_report=False)
        if not self._closed:
            self._sender.send(address.topic, record, report, partition=address.partition)

    async def close(self) -> None:
        """Send what waits to be sent, and hear nothing more."""
        self._closed = True
        self.peers.close()
        for arrival in self._arrivals:
            arrival.cancel()
        if self._sender is not None:
            await self._sender.close(_FLUSH)
        await self._home.close()

    def _receive(self, records: Sequence[Record]) -> None:
        for record in records:
            stream = self._streams.get(record.key or b"")
            if stream is not None or record.key == self._me:
                self._take(stream, record)

    def _take(self, stream: ServerStream | None, record: Record) -> None:
        try:
            frame = decode(record.key, record.headers, record.value)
        except MalformedRecordError as error:
            self._counters.malformed += 1
            if is_worth_a_line(self._counters.malformed):
                _LOG.warning("inbox %s: %s", record.topic, error)
            return
        if isinstance(frame, Ping) and frame.to == self._home.instance:
            self.peers.heard(frame.reply_to.instance)
        elif (
            stream is None
            or not isinstance(frame, (Message, Window, HalfClose, Cancel))
            or frame.to != stream.home.instance
        ):
            self._counters.unexpected += 1
        else:
            self._give(stream, frame)

    def _give(self, stream: ServerStream, frame: Message | Window | HalfClose | Cancel) -> None:
        try:
            stream.receive(frame)
        except UnexpectedFrameError as error:
            self._counters.unexpected += 1
            if is_worth_a_line(self._counters.unexpected):
                _LOG.warning("a stream: %s", error)

    def _stands(self, address: Address) -> None:
        self._trouble = ""
        for arrival in self._arrivals:
            if not arrival.done():
                arrival.set_result(address)

    def _failed(self, error: Exception) -> None:
        said = error.reason if isinstance(error, BrokerError) else repr(error)
        self._trouble = f"streams are not served, the inbox cannot be read: {said}"
        if not isinstance(error, BrokerError):
            for arrival in self._arrivals:
                if not arrival.done():
                    arrival.set_exception(error)


def _shortened(end: Trailers, error: BrokerError) -> Trailers:
    """What is said in place of an end that does not fit."""
    status, details = shortened(end.status, end.details, "the status", error)
    return end._replace(status=status, details=details, metadata=())
