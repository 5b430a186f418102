"""librdkafka's errors as this library's, by code."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from grpc_kafka._errors import (
    AuthenticationError,
    AuthorizationError,
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
    KafkaError._AUTHENTICATION: AuthenticationError,
    KafkaError._SSL: AuthenticationError,
    KafkaError.SASL_AUTHENTICATION_FAILED: AuthenticationError,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: AuthorizationError,
    KafkaError.GROUP_AUTHORIZATION_FAILED: AuthorizationError,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: AuthorizationError,
}


_ADVICE: dict[type[BrokerError], tuple[str, str]] = {
    AuthenticationError: (
        "authentication failed",
        "check the security protocol, the user name, the password and the certificates",
    ),
    AuthorizationError: (
        "the brokers do not allow it",
        "grant it as docs/security.md lists",
    ),
}


def fault_of(error: KafkaError | KafkaException) -> BrokerError:
    """The error of this library that says the same."""
    said: KafkaError = error.args[0] if isinstance(error, KafkaException) else error
    kind = _BY_CODE.get(said.code(), BrokerError)
    reason = f"{said.str()} ({said.name()})"
    if kind in _ADVICE:
        what, advice = _ADVICE[kind]
        reason = f"{what}: {reason}; {advice}"
    return kind(reason)


def is_denied(error: KafkaError | None) -> bool:
    """Whether it says that the access lists do not allow something."""
    return error is not None and _BY_CODE.get(error.code()) is AuthorizationError


def is_lost_partition(error: KafkaException) -> bool:
    """Whether it says that this member no longer has the partition."""
    code = error.args[0].code()
    return code in (KafkaError._STATE, KafkaError._UNKNOWN_PARTITION)
