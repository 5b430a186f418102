import pytest
from confluent_kafka import KafkaError, KafkaException

from grpc_kafka import (
    AuthenticationError,
    AuthorizationError,
    BrokerError,
    QueueFullError,
    RecordTooLargeError,
    UnknownTopicError,
)
from grpc_kafka._kafka._faults import fault_of, is_denied, is_lost_partition


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (KafkaError.MSG_SIZE_TOO_LARGE, RecordTooLargeError),
        (KafkaError._QUEUE_FULL, QueueFullError),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, UnknownTopicError),
        (KafkaError._UNKNOWN_TOPIC, UnknownTopicError),
        (KafkaError._AUTHENTICATION, AuthenticationError),
        (KafkaError._SSL, AuthenticationError),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, AuthorizationError),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, AuthorizationError),
        (KafkaError._MSG_TIMED_OUT, BrokerError),
    ],
)
def test_an_error_is_translated_by_its_code(code: int, expected: type[BrokerError]) -> None:
    for error in (KafkaError(code), KafkaException(KafkaError(code))):
        fault = fault_of(error)
        assert type(fault) is expected
        assert KafkaError(code).name() in fault.reason


def test_a_refusal_says_what_to_do() -> None:
    assert "check the" in fault_of(KafkaError(KafkaError._AUTHENTICATION)).reason
    assert "docs/security.md" in fault_of(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)).reason


def test_what_access_lists_do_not_allow_is_told_from_other_troubles() -> None:
    assert is_denied(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    assert not is_denied(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    assert not is_denied(None)


def test_a_lost_partition_is_told_from_other_troubles() -> None:
    assert is_lost_partition(KafkaException(KafkaError(KafkaError._STATE)))
    assert not is_lost_partition(KafkaException(KafkaError(KafkaError._FAIL)))
