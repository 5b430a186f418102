"""One producer on Kafka: the event loop hands records over, and looks what became of them."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from grpc_kafka._broker import Report
from grpc_kafka._endpoint import Health
from grpc_kafka._errors import AuthorizationError, BrokerError, QueueFullError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._bearings import Bearings
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of
from grpc_kafka.protocol import Sendable

_LOG = logging.getLogger(__name__)
_BY_KEY = -1
# Seconds between two looks while records are under way, and while none is.
_SOON = 0.01
_IDLE = 0.1
# Seconds between a producer that failed and a look at the next one.
_PAUSE = 0.5
# Seconds for what is given up at the end to be reported.
_PATIENCE = 1.0
# Seconds for which health remembers that the brokers allowed nothing.
_DENIED = 5.0


class Parcel(NamedTuple):
    """A record on its way; without a partition its key decides."""

    topic: str
    record: Sendable
    report: Report
    partition: int | None


class Line:
    """Hands records to librdkafka, and looks what became of them.

    It looks from time to time, and when it is asked what is under way: a thread that waited for
    each acknowledgement would take the interpreter from the loop once for every few records.

    An idempotent producer that has to doubt its order of records refuses all work from then on,
    and one that has lost its last broker delivers nothing. Another one takes its place: what the
    first had not delivered is reported as failed.

    Args:
        settings: librdkafka's.
        name: told where the producer fails.

    """

    def __init__(self, settings: _settings.Settings, name: str) -> None:
        self._name = name
        self._bearings = Bearings()
        self._settings: dict[str, object] = dict(settings)
        self._settings["stats_cb"] = self._measured
        self._producer = self._make()
        self._loop = asyncio.get_running_loop()
        self._reports: deque[tuple[Report, BrokerError | None]] = deque()
        self._cause: BrokerError | None = None
        self._denied: tuple[float, BrokerError] | None = None
        self._closed = False
        self._resting_until = 0.0
        self._look_again(soon=False)

    @property
    def unacknowledged(self) -> int:
        """How many records were handed over that no broker has acknowledged by now."""
        if len(self._producer):
            self._collect()
        return len(self._producer)

    def healthy(self) -> Health:
        """Whether it can send: whether brokers answer is known best by those who read."""
        if self._closed:
            return Health(ok=False, detail="the sender is closed")
        if self._denied is not None:
            when, error = self._denied
            if time.monotonic() - when < _DENIED:
                return Health(ok=False, detail=f"nothing can be sent: {error.reason}")
        return Health(ok=True, detail="sending")

    def put(self, parcel: Parcel) -> None:
        """Hand a record over.

        Raises:
            BrokerError: it was refused at once, and its report will not be called.
        """
        if self._closed:
            raise BrokerError("the sender is closed")
        topic, record, report, partition = parcel
        try:
            self._producer.produce(
                topic,
                record.value,
                record.key,
                _BY_KEY if partition is None else partition,
                headers=record.headers,  # type: ignore[arg-type]
                on_delivery=functools.partial(self._delivered, report),
            )
        except BufferError as error:
            raise QueueFullError(f"{len(self._producer)} records wait to be sent") from error
        except KafkaException as error:
            raise fault_of(error) from error
        if not self._soon:
            self._timer.cancel()
            self._look_again(soon=True)

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most `timeout` seconds for what was handed over, then let go."""
        self._closed = True
        try:
            if left := await self._left_after(timeout):
                _LOG.error("%d records were not sent in %.0f s and are dropped", left, timeout)
                self._cause = None
                self._producer.purge(blocking=False)
                await self._left_after(_PATIENCE)
        finally:
            self._timer.cancel()
            self._tell()

    async def _left_after(self, seconds: float) -> int:
        end = self._loop.time() + seconds
        while (left := self.unacknowledged) and self._loop.time() < end:  # noqa: ASYNC110 - looked
            await asyncio.sleep(_SOON)
        return left

    def _measured(self, statistics: str) -> None:
        self._bearings.measured(json.loads(statistics)["brokers"].values())

    def _delivered(self, report: Report, error: KafkaError | None, _message: Message) -> None:
        fault = None
        if error is not None:
            purged = error.code() in (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)
            fault = (purged and self._cause) or fault_of(error)
        self._reports.append((report, fault))

    def _make(self) -> Producer:
        try:
            return Producer(self._settings, logger=ClientLog())
        except KafkaException as error:
            raise fault_of(error) from error

    def _look(self) -> None:
        try:
            self._collect()
            if self._bearings.lost:
                _LOG.warning("the %s lost its last broker; another producer takes over", self._name)
                self._change(None)
        finally:
            self._look_again(soon=len(self._producer) > 0)

    def _look_again(self, *, soon: bool) -> None:
        self._soon = soon
        self._timer = self._loop.call_later(_SOON if soon else _IDLE, self._look)

    def _collect(self) -> None:
        if self._loop.time() < self._resting_until:
            return
        try:
            self._producer.poll(0)
        except KafkaException as error:
            cause = fault_of(error)
            _LOG.error("the producer failed for good, another takes over: %s", cause)
            if isinstance(cause, AuthorizationError):
                self._denied = time.monotonic(), cause
            self._change(cause)
        if self._reports:
            # Not now: who asks what is under way is about to hand something over.
            self._loop.call_soon(self._tell)

    def _change(self, cause: BrokerError | None) -> None:
        self._bearings.renewed()
        self._resting_until = self._loop.time() + _PAUSE
        self._cause = cause
        try:
            left, self._producer = self._producer, self._make()
        except BrokerError as error:
            _LOG.error("the %s stays as it is for now: %s", self._name, error)
            return
        # It takes as long as its connections do to end.
        threading.Thread(
            target=self._let_go, args=(left,), name=f"{self._name} before", daemon=True
        ).start()

    def _let_go(self, left: Producer) -> None:
        """Have everything that waits reported as failed; run by a thread."""
        left.purge()
        with suppress(KafkaException):
            left.poll(0)
        # The loop may be closed: nobody is left to be told.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        while self._reports:
            report, error = self._reports.popleft()
            report(error)
