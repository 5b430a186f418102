"""librdkafka's errors as this library's, by code."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from grpc_kafka._errors import (
    BrokerError,
    QueueFullError,
    RecordTooLargeError,
    UnknownTopicError,
)

_BY_CODE: dict[int, type[BrokerError]] = {
    KafkaError.MSG_SIZE_TOO_LARGE: RecordTooLargeError,
    KafkaError.INVALID_MSG_SIZE: RecordTooLargeError,
    KafkaError.RECORD_LIST_TOO_LARGE: RecordTooLargeError,
    KafkaError._QUEUE_FULL: QueueFullError,
    KafkaError.UNKNOWN_TOPIC_OR_PART: UnknownTopicError,
    KafkaError._UNKNOWN_TOPIC: UnknownTopicError,
    KafkaError._UNKNOWN_PARTITION: UnknownTopicError,
}


def fault_of(error: KafkaError | KafkaException) -> BrokerError:
    """The error of this library that says the same."""
    said: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    return _BY_CODE.get(said.code(), BrokerError)(f"{said.str()} ({said.name()})")


def is_lost_partition(error: KafkaException) -> bool:
    """Whether it says that this member no longer has the partition."""
    code = error.args[0].code()
    return code in (KafkaError._STATE, KafkaError._UNKNOWN_PARTITION)
