"""The protocol of gRPC over Kafka, without I/O, clock, threads or asyncio.

Frames and their records, the table of a call's legal moves, a stream's numbering and credit, the
watermark that says what may be committed, and whom to suspect when readers of a queue vanish.
See `docs/protocol.md`.
"""

from grpc_kafka.protocol._dead_letter import (
    Death,
    Letter,
    death_of,
    done_of,
    done_with,
    letter_of,
    original_of,
)
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
from grpc_kafka.protocol._headers import VERSION, Encoded, Headers, deadline_header
from grpc_kafka.protocol._metadata import metadata_of
from grpc_kafka.protocol._moves import MOVES, Call, Role, State
from grpc_kafka.protocol._parts import PART, SHARED, Collected, Joiner, cut, parts_of
from grpc_kafka.protocol._stream import Stream, cost_of
from grpc_kafka.protocol._stream_wire import encode_ping, encode_stream
from grpc_kafka.protocol._suspicion import (
    CALM,
    RUNS,
    STRIKES,
    SUSPICIOUS,
    Plan,
    Standing,
    decide,
    is_clean,
)
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
    "CALM",
    "MOVES",
    "PART",
    "RUNS",
    "SHARED",
    "STRIKES",
    "SUSPICIOUS",
    "VERSION",
    "Accept",
    "Address",
    "Arity",
    "Call",
    "Cancel",
    "Collected",
    "Death",
    "Encoded",
    "Frame",
    "FrameKind",
    "GrpcKafkaError",
    "HalfClose",
    "Headers",
    "InitialMetadata",
    "InvalidMetadataError",
    "Joiner",
    "Letter",
    "MalformedRecordError",
    "Message",
    "Metadata",
    "MissingFrameError",
    "Part",
    "Ping",
    "Plan",
    "ProtocolError",
    "Request",
    "Response",
    "Role",
    "Standing",
    "State",
    "Stream",
    "StreamFrame",
    "Trailers",
    "UnexpectedFrameError",
    "Watermark",
    "Window",
    "cost_of",
    "cut",
    "deadline_header",
    "death_of",
    "decide",
    "decode",
    "done_of",
    "done_with",
    "encode_cancel",
    "encode_part",
    "encode_ping",
    "encode_request",
    "encode_response",
    "encode_stream",
    "is_clean",
    "kind_of",
    "letter_of",
    "metadata_of",
    "original_of",
    "parts_of",
]
