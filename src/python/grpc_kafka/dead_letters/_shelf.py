"""The dead letters of a queue on Kafka."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from grpc_kafka._broker import Record
from grpc_kafka._kafka._faults import is_denied
from grpc_kafka._kafka._poller import record_of
from grpc_kafka._names import dead_letters_of
from grpc_kafka.dead_letters._errors import DeadLettersError
from grpc_kafka.dead_letters._letters import Stored, letters_in, original_record
from grpc_kafka.protocol import Letter, done_with

# Errors are raised; librdkafka need not write them to the terminal as well.
_QUIET = {"log_level": "2"}


class Shelf:
    """Reads and writes the topic of a queue's dead letters; joins no group.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        queue: the queue's topic, `<lane>.<fully.qualified.Service>`.
        kafka: further librdkafka settings, such as those for security.
        timeout: seconds that the brokers have for each answer.

    """

    def __init__(
        self,
        bootstrap_servers: str,
        queue: str,
        kafka: Mapping[str, str] | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._queue = queue
        self._topic = dead_letters_of(queue)
        self._settings = {**_QUIET, "bootstrap.servers": bootstrap_servers, **(kafka or {})}
        self._timeout = timeout

    def letters(self) -> list[Stored]:
        """All that are not done with, by partition and offset.

        Raises:
            DeadLettersError: the topic does not exist, the user may not read it, or the brokers did
                not answer in time.
        """
        own: dict[str, object] = {
            "group.id": self._topic,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }
        try:
            with closing(Consumer(self._settings | own)) as consumer:
                return letters_in(self._read(consumer))
        except KafkaException as error:
            raise DeadLettersError(f"{self._topic} was not read: {_said(error)}") from error

    def replay(self, letter: Stored, deadline: float | None) -> None:
        """Send a letter's record to its queue again; then it is done with.

        Args:
            letter: what to send.
            deadline: seconds since the epoch; None lets the call take for ever.

        Raises:
            DeadLettersError: the brokers did not take it; it is as it was.
        """
        last = original_record(letter.record, deadline)
        self._send(self._queue, [*map(original_record, letter.parts), last])
        self.drop(letter)

    def drop(self, letter: Stored) -> None:
        """Say that a letter is done with.

        Raises:
            DeadLettersError: the brokers did not take it; the letter is as it was.
        """
        partition, offset = letter.place
        self._send(self._topic, [done_with(offset)], partition)

    def _read(self, consumer: Consumer) -> list[Record]:
        known = consumer.list_topics(self._topic, timeout=self._timeout).topics[self._topic]
        if is_denied(known.error):
            raise KafkaException(known.error)
        if not known.partitions:
            raise DeadLettersError(f"topic {self._topic} does not exist")
        unread = set(known.partitions)
        consumer.assign([TopicPartition(self._topic, number, 0) for number in unread])
        found: list[Record] = []
        patience = time.monotonic() + self._timeout
        while unread:
            if time.monotonic() > patience:
                raise DeadLettersError(f"{self._topic} was not read in {self._timeout:.0f} s")
            message = consumer.poll(0.1)
            if message is not None and not _is_end(message, unread):
                found.append(record_of(message))
                patience = time.monotonic() + self._timeout
        return found

    def _send(self, topic: str, records: Sequence[Letter], partition: int = -1) -> None:
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error)

        try:
            producer = Producer(self._of_producer())
            for record in records:
                producer.produce(
                    topic,
                    record.value,
                    record.key,
                    partition,
                    headers=record.headers,  # type: ignore[arg-type]
                    on_delivery=delivered,
                )
            left = producer.flush(self._timeout + 1)
        except KafkaException as error:
            raise DeadLettersError(f"nothing was sent to {topic}: {_said(error)}") from error
        if failures or left:
            said = failures[0].str() if failures else "no broker answered in time"
            raise DeadLettersError(f"{topic} did not take it: {said}")

    def _of_producer(self) -> dict[str, object]:
        own: dict[str, object] = {
            "enable.idempotence": True,
            # As clients have it: into the partition that it came from.
            "partitioner": "murmur2_random",
            "message.timeout.ms": int(self._timeout * 1000),
        }
        return own | self._settings


def _is_end(message: Message, unread: set[int | None]) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    unread.discard(message.partition())
    return True


def _said(error: KafkaException) -> str:
    reason: KafkaError = error.args[0]
    return reason.str()
