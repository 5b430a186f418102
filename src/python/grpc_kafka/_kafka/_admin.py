"""Asks the brokers for administration, with so many seconds for everything together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from grpc_kafka._errors import BrokerError
from grpc_kafka._kafka._asking import NO_ANSWER
from grpc_kafka._kafka._faults import fault_of

# Errors are raised; librdkafka need not write them to the terminal as well.
_QUIET = {"log_level": "2"}
_MOST_A_STEP = 30.0
_FIRST_WAIT = 1.0
_LEAST_WAIT = 0.1  # to librdkafka less than none is for ever
_REFUSED = "authentication failed"


class Admin:
    """A client for administration.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        kafka: further librdkafka settings, such as those for security.
        timeout: seconds until all must be done.
        failing: what is raised when it is not.

    Attributes:
        client: confluent_kafka's.

    Raises:
        BrokerError: of the type `failing`: the settings are not understood.

    """

    def __init__(
        self,
        bootstrap_servers: str,
        kafka: Mapping[str, str],
        timeout: float,
        failing: type[BrokerError],
    ) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._failing = failing
        self._end = time.monotonic() + timeout
        self._trouble = ""
        settings: dict[str, object] = {
            **_QUIET,
            "bootstrap.servers": bootstrap_servers,
            **kafka,
            "error_cb": self._failed,
        }
        try:
            self.client = AdminClient(settings)  # type: ignore[arg-type]
        except KafkaException as error:
            raise failing(f"no client of Kafka: {fault_of(error).reason}") from error

    @property
    def refused(self) -> bool:
        """Whether the brokers and this client do not trust each other, as far as is known."""
        # librdkafka says why no broker answers to who polls.
        self.client.poll(0)
        return _REFUSED in self._trouble

    def ask[A](self, question: Callable[[float], A]) -> A:
        """The answer to a question, which is told for how many seconds to wait.

        It is asked again, for twice as long each time: while librdkafka waits nobody hears a
        signal, nor that the brokers refuse.

        Raises:
            BrokerError: of the type `failing`: no broker answered in time.
        """
        end, wait = time.monotonic() + self.left(), _FIRST_WAIT
        while True:
            left = max(end - time.monotonic(), _LEAST_WAIT)
            try:
                return question(min(wait, left))
            except KafkaException as error:
                if self.refused or wait >= left or error.args[0].code() not in NO_ANSWER:
                    said = self._trouble or fault_of(error).reason
                    raise self._failing(
                        f"no broker answers at {self._bootstrap_servers}: {said}"
                    ) from error
            wait *= 2

    def result[A](self, future: Future[A], otherwise: str) -> A:
        """What was asked for; `otherwise` says what was not done.

        Raises:
            BrokerError: of the type `failing`: the brokers refused, or took too long.
        """
        try:
            return future.result(self.left() + 1)
        except TimeoutError as error:
            raise self._failing(f"{otherwise}: the brokers took too long") from error
        except KafkaException as error:
            raise self._failing(f"{otherwise}: {fault_of(error).reason}") from error

    def is_over(self) -> bool:
        """Whether no second is left."""
        return time.monotonic() >= self._end

    def left(self) -> float:
        """Seconds for the next step.

        Raises:
            BrokerError: of the type `failing`: there are none left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self._failing("the time is over; give more by --timeout, or ask again")
        return min(left, _MOST_A_STEP)

    def _failed(self, error: object) -> None:
        reason = fault_of(error).reason  # type: ignore[arg-type]
        if _REFUSED in reason or not self._trouble:
            self._trouble = reason
