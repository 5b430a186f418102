"""The records of a unary message: one, unless it is larger than a record."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from grpc_kafka.protocol import (
    PART,
    Encoded,
    Part,
    Plain,
    Request,
    Response,
    encode_part,
    encode_request,
    encode_response,
    parts_of,
    plain_of,
)

_SOURCE_BYTES = 8


def records_of(frame: Request | Response) -> list[Encoded | Plain]:
    """The records that say a frame, in their order."""
    if len(frame.message) > PART:
        return list(_cut(frame))
    if isinstance(frame, Request):
        return [encode_request(frame)]
    return [plain_of(frame) or encode_response(frame)]


def _cut(frame: Request | Response) -> Iterator[Encoded]:
    if isinstance(frame, Request):
        source = frame.reply_to.instance
    else:
        source = secrets.token_hex(_SOURCE_BYTES)
    for sequence, (piece, more) in enumerate(parts_of(frame.message)):
        if more:
            yield encode_part(Part(frame.call_id, source, sequence, piece))
        elif isinstance(frame, Request):
            yield encode_request(frame._replace(message=piece, parts=sequence))
        else:
            yield encode_response(frame._replace(message=piece, parts=sequence, source=source))
