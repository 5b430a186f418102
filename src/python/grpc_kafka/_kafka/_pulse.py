"""Whether a consumer is well: its thread polls, and the brokers answer it."""

from __future__ import annotations

import json
import logging
import time

from confluent_kafka import KafkaError

from grpc_kafka._endpoint import Health

_LOG = logging.getLogger(__name__)
_POLL_LIMIT = 5.0
_SILENCE_LIMIT = 10.0
_MICROSECONDS = 1_000_000


class Pulse:
    """What a consumer's thread notes, and any thread may ask.

    A consumer always has something to ask the brokers (a fetch, a heartbeat), so brokers that
    answer are heard within seconds. What librdkafka's statistics say of the freshest
    connection is the truth; its word that all brokers are down comes sooner.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._polled = time.monotonic()
        self._heard: float | None = None
        self._trouble = "no broker answered yet"
        self._fatal = ""

    def polled(self) -> None:
        """The thread polls."""
        self._polled = time.monotonic()

    def heard(self) -> None:
        """A broker answered just now."""
        self._heard = time.monotonic()

    def failed(self, error: KafkaError) -> None:
        """Take an error that librdkafka reports; it goes on by itself, save after a fatal one."""
        self._trouble = error.str()
        if error.fatal() and not self._fatal:
            self._fatal = error.str()
            _LOG.error("%s failed for good: %s; restart the process", self._name, self._fatal)
        _LOG.debug("%s: %s", self._name, error.str())
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._heard = None

    def measured(self, statistics: str) -> None:
        """Take librdkafka's statistics, a JSON text."""
        brokers = json.loads(statistics)["brokers"].values()
        idle = [each["rxidle"] for each in brokers if each["state"] == "UP" and each["rxidle"] >= 0]
        if idle:
            self._heard = time.monotonic() - min(idle) / _MICROSECONDS

    def health(self) -> Health:
        """Whether the thread polls and brokers answer."""
        now = time.monotonic()
        if self._fatal:
            return Health(ok=False, detail=f"{self._name} failed for good: {self._fatal}")
        if now - self._polled > _POLL_LIMIT:
            return Health(ok=False, detail=f"{self._name} was not polled for {_POLL_LIMIT:.0f} s")
        if self._heard is None or now - self._heard > _SILENCE_LIMIT:
            return Health(ok=False, detail=f"{self._name}: no broker answers: {self._trouble}")
        return Health(ok=True, detail=f"{self._name} is read")
