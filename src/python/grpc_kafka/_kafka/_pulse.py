"""Whether a consumer is well: its thread polls, and the brokers answer it."""

from __future__ import annotations

import json
import logging
import time

from confluent_kafka import KafkaError

from grpc_kafka._endpoint import Health
from grpc_kafka._errors import AuthenticationError, AuthorizationError
from grpc_kafka._kafka._bearings import Bearings
from grpc_kafka._kafka._faults import fault_of

_LOG = logging.getLogger(__name__)
_POLL_LIMIT = 5.0
_SILENCE_LIMIT = 10.0
_MICROSECONDS = 1_000_000


class Pulse:
    """What a consumer's thread notes, and any thread may ask.

    A consumer always has something to ask the brokers (a fetch, a heartbeat), so brokers that
    answer are heard within seconds. What librdkafka's statistics say of the freshest
    connection is the truth; its word that all brokers are down comes sooner.

    Args:
        name: what is read.
        joins: whether the consumer joins a group; without, it needs no right to one.

    Attributes:
        bearings: whether the consumer still knows of any broker.

    """

    def __init__(self, name: str, *, joins: bool = True) -> None:
        self._name = name
        self._joins = joins
        self._polled = time.monotonic()
        self._heard: float | None = None
        self._trouble = "no broker answered yet"
        self._fatal = ""
        self._refused: AuthenticationError | None = None
        self._denied: AuthorizationError | None = None
        self.bearings = Bearings()

    def polled(self) -> None:
        """The thread polls."""
        self._polled = time.monotonic()

    @property
    def refused(self) -> AuthenticationError | None:
        """Why the brokers and this process do not trust each other, since none answered last."""
        return self._refused

    def heard(self) -> None:
        """A broker answered just now, and let this consumer do what it is for."""
        self._heard = time.monotonic()
        self._refused = self._denied = None

    def failed(self, error: KafkaError) -> None:
        """Take an error that librdkafka reports; it goes on by itself, save after a fatal one."""
        if not self._joins and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return
        fault = fault_of(error)
        if isinstance(fault, AuthenticationError):
            self._refused = fault
        elif isinstance(fault, AuthorizationError):
            self._denied = fault
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
        self.bearings.measured(brokers)
        idle = [each["rxidle"] for each in brokers if each["state"] == "UP" and each["rxidle"] >= 0]
        if idle:
            self._heard = time.monotonic() - min(idle) / _MICROSECONDS
            self._refused = None

    def health(self) -> Health:
        """Whether the thread polls and brokers answer."""
        now = time.monotonic()
        if self._fatal:
            return Health(ok=False, detail=f"{self._name} failed for good: {self._fatal}")
        if now - self._polled > _POLL_LIMIT:
            return Health(ok=False, detail=f"{self._name} was not polled for {_POLL_LIMIT:.0f} s")
        if self._heard is None or now - self._heard > _SILENCE_LIMIT:
            said = self._refused.reason if self._refused else self._trouble
            return Health(ok=False, detail=f"{self._name}: no broker answers: {said}")
        if self._denied is not None:
            return Health(ok=False, detail=f"{self._name}: {self._denied.reason}")
        return Health(ok=True, detail=f"{self._name} is read")
