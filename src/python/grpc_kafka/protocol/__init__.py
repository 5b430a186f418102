"""The protocol of gRPC over Kafka, without I/O, clock, threads or asyncio.

Frames and their records, the table of a call's legal moves, a stream's numbering and credit, and
the watermark that says what may be committed. See `docs/protocol.md`.
"""

from grpc_kafka.protocol._errors import (
    GrpcKafkaError,
    InvalidMetadataError,
    MalformedRecordError,
    MissingFrameError,
    ProtocolError,
    UnexpectedFrameError,
)
from grpc_kafka.protocol._frames import (
    CALL_ID_LENGTH,
    Accept,
    Address,
    Arity,
    Cancel,
    Frame,
    FrameKind,
    HalfClose,
    InitialMetadata,
    Message,
    Metadata,
    Part,
    Ping,
    Request,
    Response,
    StreamFrame,
    Trailers,
    Window,
    kind_of,
)
from grpc_kafka.protocol._headers import VERSION, Encoded, Headers
from grpc_kafka.protocol._metadata import metadata_of
from grpc_kafka.protocol._moves import MOVES, Call, Role, State
from grpc_kafka.protocol._parts import PART, SHARED, Collected, Joiner, cut, parts_of
from grpc_kafka.protocol._stream import Stream, cost_of
from grpc_kafka.protocol._stream_wire import encode_ping, encode_stream
from grpc_kafka.protocol._watermark import Watermark
from grpc_kafka.protocol._wire import (
    decode,
    encode_cancel,
    encode_part,
    encode_request,
    encode_response,
)

__all__ = [
    "CALL_ID_LENGTH",
    "MOVES",
    "PART",
    "SHARED",
    "VERSION",
    "Accept",
    "Address",
    "Arity",
    "Call",
    "Cancel",
    "Collected",
    "Encoded",
    "Frame",
    "FrameKind",
    "GrpcKafkaError",
    "HalfClose",
    "Headers",
    "InitialMetadata",
    "InvalidMetadataError",
    "Joiner",
    "MalformedRecordError",
    "Message",
    "Metadata",
    "MissingFrameError",
    "Part",
    "Ping",
    "ProtocolError",
    "Request",
    "Response",
    "Role",
    "State",
    "Stream",
    "StreamFrame",
    "Trailers",
    "UnexpectedFrameError",
    "Watermark",
    "Window",
    "cost_of",
    "cut",
    "decode",
    "encode_cancel",
    "encode_part",
    "encode_ping",
    "encode_request",
    "encode_response",
    "encode_stream",
    "kind_of",
    "metadata_of",
    "parts_of",
]
