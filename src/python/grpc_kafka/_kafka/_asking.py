"""Asks the brokers something before a consumer reads, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import Consumer, KafkaError, KafkaException

from grpc_kafka._kafka._faults import fault_of
from grpc_kafka._kafka._pulse import Pulse

_ANSWER = 5.0
# librdkafka says why no broker answers to who polls, and a question does not poll.
_SLICE = 0.5
NO_ANSWER = (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)
"""Codes of errors that say that no broker was heard."""


def ask[A](consumer: Consumer, pulse: Pulse, question: Callable[[float], A]) -> A:
    """The brokers' answer to a question, which is told for how many seconds to wait.

    Raises:
        AuthenticationError: the brokers and this process do not trust each other; known at once.
        BrokerError: no broker answered in time, or one refused.
    """
    end = time.monotonic() + _ANSWER
    while True:
        try:
            return question(_SLICE)
        except KafkaException as error:
            consumer.poll(0)
            if pulse.refused is not None:
                raise pulse.refused from error
            if error.args[0].code() not in NO_ANSWER or time.monotonic() > end:
                raise fault_of(error) from error
