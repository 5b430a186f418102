"""What confluent-kafka alone can do: bytes to one topic, bytes back by another; no call, no id.

The floor of anything on Kafka with this client: no event loop, nothing but the library's own
threads beside the one that polls, no group, settings for the least delay, batches when there are.
`serve BOOTSTRAP REQUESTS REPLIES`, `call BOOTSTRAP REQUESTS REPLIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from benchmarks.measured import blocking
from benchmarks.measured.messages import TIMEOUT

_BATCH = 1000
_MOMENT = 0.1
_ANSWER = 10.0


class Wire:
    """Sends to one topic, takes from another.

    Args:
        bootstrap: the brokers.
        to: the topic that is written.
        of: the topic that is read, from its present end on.

    """

    def __init__(self, bootstrap: str, to: str, of: str) -> None:
        shared = {"bootstrap.servers": bootstrap, "socket.nagle.disable": True}
        self._producer = Producer({**shared, "linger.ms": 0})
        self._consumer = Consumer(
            {
                **shared,
                "group.id": of,
                "enable.auto.commit": False,
                "fetch.queue.backoff.ms": 1,
            }
        )
        self._to = to
        found = self._consumer.list_topics(of, _ANSWER).topics[of].partitions
        here = [TopicPartition(of, number, self._end(of, number)) for number in found]
        self._consumer.assign(here)

    def _end(self, topic: str, partition: int) -> int:
        # A number: what is sent from now on is read, however late the first fetch is.
        _, end = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), _ANSWER)
        return end

    def send(self, message: bytes, key: bytes | None = None) -> None:
        """Hand a message to the producer."""
        self._producer.produce(self._to, message, key)

    def take(self, seconds: float) -> list[Message]:
        """Wait so long for a message; return it and what else is there.

        Raises:
            KafkaException: the brokers failed.
        """
        # Reports of what was sent; they take room until they are fetched.
        self._producer.poll(0)
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        came = [first, *self._consumer.consume(_BATCH, 0)]
        for message in came:
            error = message.error()
            if error is not None:
                raise KafkaException(error)
        return came

    def close(self) -> None:
        """Let go of the brokers."""
        self._producer.flush(_ANSWER)
        self._consumer.close()


class _Client:
    """Sends messages, and waits for messages."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.send = wire.send

    def receive(self) -> list[bytes]:
        """Wait for messages; return those that are there, one at least.

        Raises:
            TimeoutError: none came in `TIMEOUT` seconds.
        """
        came = self._wire.take(TIMEOUT)
        if not came:
            raise TimeoutError
        return [value_of(message) for message in came]


def value_of(message: Message) -> bytes:
    """What was sent."""
    return message.value() or b""


def key_of(message: Message) -> bytes:
    """The key that it was sent with."""
    return message.key() or b""


@contextmanager
def _serve(bootstrap: str, requests: str, replies: str) -> Iterator[Callable[[], None]]:
    wire = Wire(bootstrap, to=replies, of=requests)

    def echo() -> None:
        for message in wire.take(_MOMENT):
            wire.send(value_of(message))

    yield echo
    wire.close()


@contextmanager
def _connect(bootstrap: str, requests: str, replies: str) -> Iterator[blocking.Client]:
    wire = Wire(bootstrap, to=requests, of=replies)
    yield _Client(wire)
    wire.close()


if __name__ == "__main__":
    blocking.main(_serve, _connect)
