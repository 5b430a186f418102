"""One producer on Kafka: records leave from the event loop, reports come back to it."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import Callable
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
_POLL = 0.1
_BY_KEY = -1
_PATIENCE = 5.0
# Seconds between a producer that failed and the work of the next one.
_PAUSE = 0.5
# Seconds for which health remembers that the brokers allowed nothing.
_DENIED = 5.0


class Parcel(NamedTuple):
    """A record on its way; without a partition its key decides."""

    topic: str
    record: Sendable
    report: Report
    partition: int | None


class Line:
    """Hands records to librdkafka; one thread waits for what became of them.

    An idempotent producer that has to doubt its order of records refuses all work from then on,
    and one that has lost its last broker delivers nothing. Another one takes its place: what the
    first had not delivered is reported as failed.

    Args:
        settings: librdkafka's.
        name: of the thread.

    """

    def __init__(self, settings: _settings.Settings, name: str) -> None:
        self._bearings = Bearings()
        self._settings: dict[str, object] = dict(settings)
        self._settings["stats_cb"] = self._measured
        self._producer = self._make()
        self._loop = asyncio.get_running_loop()
        self._flush = 0.0
        self._stopping = threading.Event()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._reports: list[tuple[Report, BrokerError | None]] = []
        self._cause: BrokerError | None = None
        self._denied: tuple[float, BrokerError] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def unacknowledged(self) -> int:
        """How many records were handed over that no broker has acknowledged."""
        return len(self._producer)

    def healthy(self) -> Health:
        """Whether it can send: whether brokers answer is known best by those who read."""
        if not self._thread.is_alive():
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
        if self._stopping.is_set():
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

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most `timeout` seconds for what was handed over, then let go."""
        self._flush = timeout
        self._stopping.set()
        await asyncio.wait([self._ended], timeout=timeout + _PATIENCE)

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

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._serve()
            self._finish()
        finally:
            self._call(self._end)

    def _serve(self) -> None:
        try:
            self._producer.poll(_POLL)
        except KafkaException as error:
            self._cause = fault_of(error)
            _LOG.error("the producer failed for good, another takes over: %s", self._cause)
            if isinstance(self._cause, AuthorizationError):
                self._denied = time.monotonic(), self._cause
            self._change()
            self._cause = None
        if self._bearings.lost:
            _LOG.warning("%s lost its last broker; another producer takes over", self._thread.name)
            self._change()
        self._hand_over()

    def _change(self) -> None:
        left, self._producer = self._producer, self._make()
        # The loop may be handing a record to the one that it saw before.
        self._stopping.wait(_PAUSE)
        _let_go(left)
        self._bearings.renewed()

    def _finish(self) -> None:
        try:
            left = self._producer.flush(self._flush)
        except KafkaException as error:
            _LOG.warning("the producer failed at its end: %s", fault_of(error))
            left = len(self._producer)
        if left:
            _LOG.error("%d records were not sent in %.0f s and are dropped", left, self._flush)
            _let_go(self._producer)
        self._hand_over()

    def _hand_over(self) -> None:
        reports, self._reports = self._reports, []
        if reports:
            self._call(functools.partial(_tell, reports))

    def _call(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:
            # The loop is closed: nobody is left to be told.
            self._stopping.set()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _tell(reports: list[tuple[Report, BrokerError | None]]) -> None:
    for report, error in reports:
        report(error)


def _let_go(producer: Producer) -> None:
    """Have everything that waits reported as failed."""
    producer.purge()
    with suppress(KafkaException):
        producer.poll(0)
