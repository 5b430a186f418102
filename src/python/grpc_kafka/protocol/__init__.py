"""The protocol of gRPC over Kafka, without I/O, clock, threads or asyncio.

Frames and their records, the table of a call's legal moves, and the watermark that says what
may be committed. See `docs/protocol.md`.
"""

from grpc_kafka.protocol._errors import (
    GrpcKafkaError,
    InvalidMetadataError,
    MalformedRecordError,
    ProtocolError,
    UnexpectedFrameError,
)
from grpc_kafka.protocol._frames import (
    CALL_ID_LENGTH,
    Address,
    Cancel,
    Frame,
    FrameKind,
    Metadata,
    Request,
    Response,
)
from grpc_kafka.protocol._metadata import metadata_of
from grpc_kafka.protocol._moves import MOVES, SENDERS, Call, Role, State
from grpc_kafka.protocol._watermark import Watermark
from grpc_kafka.protocol._wire import (
    VERSION,
    Encoded,
    Headers,
    decode,
    encode_cancel,
    encode_request,
    encode_response,
)

__all__ = [
    "CALL_ID_LENGTH",
    "MOVES",
    "SENDERS",
    "VERSION",
    "Address",
    "Call",
    "Cancel",
    "Encoded",
    "Frame",
    "FrameKind",
    "GrpcKafkaError",
    "Headers",
    "InvalidMetadataError",
    "MalformedRecordError",
    "Metadata",
    "ProtocolError",
    "Request",
    "Response",
    "Role",
    "State",
    "UnexpectedFrameError",
    "Watermark",
    "decode",
    "encode_cancel",
    "encode_request",
    "encode_response",
    "metadata_of",
]
