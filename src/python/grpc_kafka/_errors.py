"""What a broker can refuse; the branch of the tree beside `ProtocolError`.

BrokerError
├── RecordTooLargeError    the record is larger than the brokers take
├── QueueFullError         too much waits to be sent already
├── UnknownTopicError      no such topic
├── AuthenticationError    the brokers do not believe who this is, or it does not believe them
├── AuthorizationError     the brokers know who this is, and do not allow it
├── TopicsError            topics could not be created (grpc_kafka.topics)
└── AccessError            users or their rights could not be set (grpc_kafka.access)
"""

from __future__ import annotations

from grpc_kafka.protocol import GrpcKafkaError


class BrokerError(GrpcKafkaError):
    """A broker refused something, or could not be reached.

    Attributes:
        reason: what the broker, or its client, said.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RecordTooLargeError(BrokerError):
    """A record is larger than one record may be; it was not sent."""


class QueueFullError(BrokerError):
    """Too much waits in this process to be sent; it was not sent. Try again later."""


class UnknownTopicError(BrokerError):
    """The topic does not exist. Create it with `grpc_kafka.topics.create`."""


class AuthenticationError(BrokerError):
    """The brokers refused the password or certificate, or theirs is not trusted here."""


class AuthorizationError(BrokerError):
    """The brokers' access lists do not allow it; `docs/security.md` lists what is needed."""


class TopicsError(BrokerError):
    """Topics could not be created; names them and says why."""


class AccessError(BrokerError):
    """Users or their rights could not be read or changed; says why."""
