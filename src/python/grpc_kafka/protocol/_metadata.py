"""What gRPC allows as metadata, and its form in a record's headers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grpc_kafka.protocol._errors import InvalidMetadataError
from grpc_kafka.protocol._frames import Metadata

_KEY = re.compile(r"[0-9a-z_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")

RESERVED = frozenset({"grpc-timeout", "grpc-status", "grpc-message"})
"""Names that the protocol writes itself; as in gRPC, metadata of such a name does not travel."""


_RESERVED = RESERVED | {name.encode() for name in RESERVED}


def metadata_of(entries: Iterable[tuple[str | bytes, str | bytes]]) -> Metadata:
    """Check metadata as an application gave it and bring it into its one form.

    Raises:
        InvalidMetadataError: a key or a value that gRPC does not allow.
        TypeError: a value of a type that gRPC does not allow.
    """
    return tuple(_entry_of(key, value) for key, value in entries if key not in _RESERVED)


def _entry_of(key: str | bytes, value: str | bytes) -> tuple[str, str | bytes]:
    if isinstance(key, bytes):
        key = key.decode("latin-1")
    if not _KEY.fullmatch(key):
        raise InvalidMetadataError(key, "is no key: lower-case letters, digits, '_', '-', '.' are")
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise TypeError(f"binary metadata {key!r} takes bytes, not {type(value).__name__}")
        return key, value
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise TypeError(f"metadata {key!r} takes str or bytes, not {type(value).__name__}")
    if not _VALUE.fullmatch(text):
        raise InvalidMetadataError(key, "has a value that is not printable ASCII")
    return key, text


def to_headers(metadata: Metadata) -> list[tuple[str, bytes]]:
    """Metadata as record headers: text as it came, `-bin` values as they are."""
    return [
        (key, value if isinstance(value, bytes) else value.encode("latin-1"))
        for key, value in metadata
    ]


def from_header(key: str, value: bytes) -> tuple[str, str | bytes]:
    """One header as metadata; text that is not ASCII keeps its bytes as Latin-1."""
    return (key, value) if key.endswith("-bin") else (key, value.decode("latin-1"))
