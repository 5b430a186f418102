"""One thread for a consumer: it polls, and hands batches to the event loop."""

from __future__ import annotations

import asyncio
import logging
import operator
import threading
from collections.abc import Callable

from confluent_kafka import Consumer, Message

from grpc_kafka._broker import Receive, Record
from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka._pulse import Pulse
from grpc_kafka.protocol import Headers

_LOG = logging.getLogger(__name__)
# Few enough that answers leave and other requests come while the rest is served: of all that waits
# at once, one end would be idle while the other works. Enough that a batch costs little by itself.
_BATCH = 128
_CLOSE = 15.0
# Batches that may wait for the loop: one is read while another is served. A loop that is behind
# leaves the rest to the brokers.
_AHEAD = 2
_WAIT = 0.1
# Not `message.headers()`: confluent-kafka returns with an error pending when a name is no UTF-8,
# and the interpreter, calling a method directly, would raise it somewhere later.
_READ_HEADERS = operator.methodcaller("headers")


class Poller:
    """The thread that a consumer belongs to.

    A consumer is used by this thread only: its methods take a lock that a poll holds, so that
    any other thread would wait for as long as nothing comes.

    Each batch enters the loop in one call. A loop that is closed ends the thread.

    Args:
        consumer: what is polled first; closed by the thread at its end. One that is lost
            is closed by a thread of its own, which runs its callbacks.
        pulse: told of every poll.
        receive: called on the loop with every batch.
        prepare: run by the thread first; when it fails nothing is polled.
        renew: run by the thread when the consumer is lost; gives one that goes on where it was.
        turn: run by the thread before every poll, and a last time before the consumer is closed;
            says for how many seconds to poll at most.

    """

    def __init__(
        self,
        consumer: Consumer,
        pulse: Pulse,
        receive: Receive,
        *,
        name: str,
        prepare: Callable[[], None],
        renew: Callable[[], Consumer],
        turn: Callable[[], float],
    ) -> None:
        self._consumer = consumer
        self._pulse = pulse
        self._receive = receive
        self._prepare = prepare
        self._renew = renew
        self._turn = turn
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._room = threading.Semaphore(_AHEAD)
        self._gone: set[int] = set()
        self._prepared: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        # A process that ends without closing its channels shall end all the same.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def prepared(self) -> None:
        """Wait until `prepare` is through, and raise what it raised."""
        try:
            await asyncio.shield(self._prepared)
        except asyncio.CancelledError:
            self._stopping.set()
            raise

    @property
    def stopping(self) -> bool:
        """Whether the thread was told to end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Have the thread end, after the turn that it is at."""
        self._stopping.set()

    async def close(self) -> None:
        """End the thread; gives up waiting for it after some seconds."""
        self.stop()
        _, pending = await asyncio.wait([self._ended], timeout=_CLOSE)
        if pending:
            _LOG.error("%s does not end; it is left behind", self._thread.name)

    def call(self, action: Callable[[], object]) -> bool:
        """Have the loop do something; False when the loop is closed."""
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:
            self._stopping.set()
            return False
        return True

    def drop(self, partitions: set[int]) -> None:
        """Hand over nothing of these partitions that was taken before now; they are another's.

        Called by the consumer's callbacks, so on the thread.
        """
        self._gone |= partitions

    def _run(self) -> None:
        try:
            self._prepare()
        except Exception as error:  # noqa: BLE001 - handed to who waits for `prepared`
            failure = error
            if not isinstance(error, BrokerError):
                _LOG.exception("%s cannot be read", self._thread.name)
            self.call(lambda: _fail(self._prepared, failure))
        else:
            self.call(lambda: _resolve(self._prepared))
            self._poll()
        finally:
            self._consumer.close()
            self.call(lambda: _resolve(self._ended))

    def _poll(self) -> None:
        while not self._stopping.is_set():
            if self._pulse.bearings.lost:
                self._change()
            seconds = self._turn()
            if self._stopping.is_set():
                break
            first = self._consumer.poll(seconds)
            self._pulse.polled()
            if first is not None:
                self._hand_over(self._with_more(first))
        self._turn()

    def _change(self) -> None:
        name, lost = self._thread.name, self._consumer
        _LOG.warning("%s lost its last broker; another consumer takes over", name)
        try:
            self._consumer = self._renew()
        except BrokerError as error:
            _LOG.error("%s stays without a broker for now: %s", name, error)
        else:
            # A member of a group waits most of a minute for its coordinator before it ends.
            threading.Thread(target=lost.close, name=f"lost {name}", daemon=True).start()
        self._pulse.bearings.renewed()

    def _with_more(self, first: Message) -> list[Message]:
        self._gone.clear()
        more = self._consumer.consume(_BATCH, 0)
        # A rebalance may happen in there; what it takes away, librdkafka drops, save the first.
        return more if first.partition() in self._gone else [first, *more]

    def _hand_over(self, messages: list[Message]) -> None:
        records: list[Record] = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(record_of(message))
            else:
                self._pulse.failed(error)
        if records:
            self._wait_for_room()
            self.call(lambda: self._take(records))

    def _wait_for_room(self) -> None:
        while not self._room.acquire(timeout=_WAIT):
            if self._stopping.is_set():
                return

    def _take(self, records: list[Record]) -> None:
        self._room.release()
        self._receive(records)


def record_of(message: Message) -> Record:
    """A message of librdkafka's, which holds no error, as a record."""
    return Record(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        headers_of(message),
        message.value(),
    )


def headers_of(message: Message) -> Headers | None:
    """The headers of a message; None when a name among them is no text."""
    try:
        headers: Headers | None = _READ_HEADERS(message)
    except (SystemError, UnicodeDecodeError):
        # Without headers it is no frame, whatever wrote it: refused like any other garbage.
        return None
    return headers


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Whoever waited may be gone; the failure was theirs to see.
        future.exception()
