"""What can go wrong with dead letters.

GrpcKafkaError
└── DeadLettersError
    └── NoSuchLetterError    no letter at this place
"""

from __future__ import annotations

from grpc_kafka.protocol import GrpcKafkaError


class DeadLettersError(GrpcKafkaError):
    """The brokers, or a file, did not give what was asked for; says why."""


class NoSuchLetterError(DeadLettersError):
    """There is no letter at this place, or it is done with."""
