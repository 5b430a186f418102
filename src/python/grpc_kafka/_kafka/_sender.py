"""Sends records on Kafka: single ones at once, many of them together."""

from __future__ import annotations

import asyncio

from grpc_kafka._broker import Report
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._line import Line, Parcel
from grpc_kafka._kafka._outbox import Outbox
from grpc_kafka.protocol import Sendable


class KafkaSender:
    """Two producers behind one outbox: for the latency of few records, for the number of many."""

    def __init__(self, endpoint: Endpoint, *, every_report: bool) -> None:
        prompt = _settings.of_producer(endpoint, every_report=every_report)
        gathering = _settings.of_bulk_producer(endpoint, every_report=every_report)
        self._lines = Line(prompt, "sender"), Line(gathering, "bulk sender")
        self._outbox = Outbox(*self._lines)

    def send(
        self,
        topic: str,
        record: Sendable,
        report: Report,
        *,
        partition: int | None = None,
    ) -> None:
        """Hand a record over; see `Sender`."""
        self._outbox.put(Parcel(topic, record, report, partition))

    def healthy(self) -> Health:
        """Whether it can send."""
        found = [line.healthy() for line in self._lines]
        return next((health for health in found if not health.ok), found[0])

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait at most `timeout` seconds for what was handed over, then let go."""
        self._outbox.flush()
        await asyncio.gather(*[line.close(timeout) for line in self._lines])
