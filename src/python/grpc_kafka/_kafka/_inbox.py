"""An inbox on Kafka: one partition, assigned by hand, read from its end on."""

from __future__ import annotations

import secrets

from confluent_kafka import Consumer, KafkaException, TopicPartition

from grpc_kafka._broker import Receive
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import UnknownTopicError
from grpc_kafka._kafka import _settings
from grpc_kafka._kafka._asking import ask
from grpc_kafka._kafka._client_log import ClientLog
from grpc_kafka._kafka._faults import fault_of, is_denied
from grpc_kafka._kafka._poller import Poller
from grpc_kafka._kafka._pulse import Pulse

_POLL = 0.1


class KafkaInbox:
    """Reads one partition of an inbox topic, whichever: processes may share them."""

    def __init__(self, endpoint: Endpoint, topic: str, receive: Receive) -> None:
        self._topic = topic
        self.partition = -1
        self._pulse = Pulse(f"inbox {topic}", joins=False)
        self._settings: dict[str, object] = dict(_settings.of_inbox(endpoint, topic))
        self._settings["error_cb"] = self._pulse.failed
        self._settings["stats_cb"] = self._pulse.measured
        self._consumer = self._make()
        self._position = 0
        self._poller = Poller(
            self._consumer,
            self._pulse,
            receive,
            name=f"inbox {topic}",
            prepare=self._assign,
            renew=self._renew,
            turn=lambda: _POLL,
        )

    async def opened(self) -> None:
        """Wait until the partition is assigned and its position known.

        Raises:
            BrokerError: the topic does not exist, or no broker answered in time.
        """
        await self._poller.prepared()

    def healthy(self) -> Health:
        """Whether records would arrive."""
        return self._pulse.health()

    async def close(self) -> None:
        """Stop reading."""
        await self._poller.close()

    def _make(self) -> Consumer:
        try:
            return Consumer(self._settings, logger=ClientLog())
        except KafkaException as error:
            raise fault_of(error) from error

    def _assign(self) -> None:
        consumer, topic = self._consumer, self._topic
        known = ask(
            consumer, self._pulse, lambda wait: consumer.list_topics(topic, timeout=wait)
        ).topics
        found = known.get(topic)
        if found is not None and is_denied(found.error):
            raise fault_of(found.error)
        if found is None or not found.partitions:
            raise UnknownTopicError(f"topic {topic} does not exist; create it first")
        partition = secrets.choice(list(found.partitions))
        place = TopicPartition(topic, partition)
        _, place.offset = ask(
            consumer, self._pulse, lambda wait: consumer.get_watermark_offsets(place, timeout=wait)
        )
        consumer.assign([place])
        self.partition = partition
        self._position = place.offset
        self._pulse.heard()

    def _renew(self) -> Consumer:
        """Go on right behind what was handed over; no broker is needed to know that."""
        try:
            (at,) = self._consumer.position([TopicPartition(self._topic, self.partition)])
            if at.offset >= 0:
                self._position = at.offset
            made = self._make()
            made.assign([TopicPartition(self._topic, self.partition, self._position)])
        except KafkaException as error:
            raise fault_of(error) from error
        self._consumer = made
        return made
