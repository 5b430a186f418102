"""A producer on Kafka: records leave from the event loop, reports come back to it."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from grpc_kafka._broker import Report
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import BrokerError, QueueFullError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of
from grpc_kafka.protocol import Encoded

_LOG = logging.getLogger(__name__)
_POLL = 0.1
_BY_KEY = -1
_PATIENCE = 5.0


class KafkaSender:
    """Hands records to librdkafka; one thread waits for what became of them."""

    def __init__(self, endpoint: Endpoint, *, every_report: bool) -> None:
        settings: dict[str, object] = dict(
            _settings.of_producer(endpoint, every_report=every_report)
        )
        settings["error_cb"] = self._error
        try:
            self._producer = Producer(settings, logger=ClientLog())
        except KafkaException as error:
            raise fault_of(error) from error
        self._loop = asyncio.get_running_loop()
        self._fatal = ""
        self._flush = 0.0
        self._stopping = threading.Event()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._reports: list[tuple[Report, KafkaError | None]] = []
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def send(
        self, topic: str, record: Encoded, report: Report, *, partition: int | None = None
    ) -> None:
        """Hand a record over; see `Sender`."""
        if self._stopping.is_set():
            raise BrokerError("the sender is closed")
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

    def healthy(self) -> Health:
        """Whether it can send: whether brokers answer is known best by those who read."""
        if self._fatal:
            return Health(ok=False, detail=f"the producer failed for good: {self._fatal}")
        if not self._thread.is_alive():
            return Health(ok=False, detail="the sender is closed")
        return Health(ok=True, detail="sending")

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most `timeout` seconds for what was handed over, then let go."""
        self._flush = timeout
        self._stopping.set()
        await asyncio.wait([self._ended], timeout=timeout + _PATIENCE)

    def _delivered(self, report: Report, error: KafkaError | None, _message: Message) -> None:
        self._reports.append((report, error))

    def _error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error.str()
            _LOG.error("the producer failed for good: %s; restart the process", error.str())

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(_POLL)
            self._hand_over()
        left = self._producer.flush(self._flush)
        if left:
            _LOG.error("%d records were not sent in %.0f s and are dropped", left, self._flush)
            self._producer.purge()
            self._producer.poll(0)
        self._hand_over()
        self._call(self._end)

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


def _tell(reports: list[tuple[Report, KafkaError | None]]) -> None:
    for report, error in reports:
        report(None if error is None else fault_of(error))
