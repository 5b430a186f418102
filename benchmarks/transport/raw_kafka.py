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


class _Client:
    """Sends to one topic, receives from another."""

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

    def send(self, message: bytes) -> None:
        """Hand a message to the producer."""
        self._producer.produce(self._to, message)

    def take(self, seconds: float) -> list[bytes]:
        """Wait so long for a message; return it and what else is there."""
        # Reports of what was sent; they take room until they are fetched.
        self._producer.poll(0)
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        return [_value(message) for message in (first, *self._consumer.consume(_BATCH, 0))]

    def receive(self) -> list[bytes]:
        """Wait for messages; return those that are there, one at least.

        Raises:
            TimeoutError: none came in `TIMEOUT` seconds.
        """
        came = self.take(TIMEOUT)
        if not came:
            raise TimeoutError
        return came

    def close(self) -> None:
        """Let go of the brokers."""
        self._producer.flush(_ANSWER)
        self._consumer.close()


def _value(message: Message) -> bytes:
    error = message.error()
    if error is not None:
        raise KafkaException(error)
    return message.value() or b""


@contextmanager
def _serve(bootstrap: str, requests: str, replies: str) -> Iterator[Callable[[], None]]:
    client = _Client(bootstrap, to=replies, of=requests)

    def echo() -> None:
        for message in client.take(_MOMENT):
            client.send(message)

    yield echo
    client.close()


@contextmanager
def _connect(bootstrap: str, requests: str, replies: str) -> Iterator[blocking.Client]:
    client = _Client(bootstrap, to=requests, of=replies)
    yield client
    client.close()


if __name__ == "__main__":
    blocking.main(_serve, _connect)
