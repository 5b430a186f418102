"""gRPC over Kafka: `grpc.aio.Channel` and `grpc.aio.Server` on Kafka topics.

`grpc_kafka.aio` has the channel and the server, `grpc_kafka.sync` their twins for threads,
`grpc_kafka.topics` the topics, `grpc_kafka.testing` a broker in memory. This module has what they
share.
"""

from grpc_kafka._counters import Counters
from grpc_kafka._endpoint import Endpoint, Health
from grpc_kafka._errors import (
    AccessError,
    AuthenticationError,
    AuthorizationError,
    BrokerError,
    QueueFullError,
    RecordTooLargeError,
    TopicsError,
    UnknownTopicError,
)
from grpc_kafka._load import Load
from grpc_kafka._security import Security, SecurityMechanism, SecurityProtocol
from grpc_kafka.protocol import (
    GrpcKafkaError,
    InvalidMetadataError,
    MalformedRecordError,
    ProtocolError,
    UnexpectedFrameError,
)

__all__ = [
    "AccessError",
    "AuthenticationError",
    "AuthorizationError",
    "BrokerError",
    "Counters",
    "Endpoint",
    "GrpcKafkaError",
    "Health",
    "InvalidMetadataError",
    "Load",
    "MalformedRecordError",
    "ProtocolError",
    "QueueFullError",
    "RecordTooLargeError",
    "Security",
    "SecurityMechanism",
    "SecurityProtocol",
    "TopicsError",
    "UnexpectedFrameError",
    "UnknownTopicError",
]
