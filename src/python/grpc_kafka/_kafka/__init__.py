"""Kafka behind the port, by librdkafka: the only room that knows confluent-kafka."""

from __future__ import annotations

from grpc_kafka._broker import QueueReader, Receive
from grpc_kafka._endpoint import Endpoint
from grpc_kafka._kafka._inbox import KafkaInbox
from grpc_kafka._kafka._lookout import KafkaLookout
from grpc_kafka._kafka._queue import KafkaQueue
from grpc_kafka._kafka._sender import KafkaSender

__all__ = ["KafkaBroker"]


class KafkaBroker:
    """Opens everything on the cluster that the endpoint names."""

    def sender(self, endpoint: Endpoint, *, every_report: bool) -> KafkaSender:
        """A producer, as `Broker` has it."""
        return KafkaSender(endpoint, every_report=every_report)

    async def open_inbox(self, endpoint: Endpoint, topic: str, receive: Receive) -> KafkaInbox:
        """An assigned partition, as `Broker` has it."""
        inbox = KafkaInbox(endpoint, topic, receive)
        await inbox.opened()
        return inbox

    def open_queue(self, endpoint: Endpoint, topic: str, reader: QueueReader) -> KafkaQueue:
        """A membership, as `Broker` has it."""
        return KafkaQueue(endpoint, topic, reader)

    def lookout(self, endpoint: Endpoint) -> KafkaLookout:
        """A view of groups, as `Broker` has it."""
        return KafkaLookout(endpoint)
