"""Where a page of the activity log ends, as text that only this module reads. Pure."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAYOUT = struct.Struct(">Bq16s")
_VERSION = 1
_CHECK_BYTES = 8


class PageTokenError(ValueError):
    """The text was not made by `encode` for this account."""


@dataclass(frozen=True)
class Place:
    """The last entry of a page.

    Attributes:
        occurred_at: Its time, UTC.
        id: Its id, which tells entries of one moment apart.
    """

    occurred_at: datetime
    id: UUID


def encode(account_id: UUID, place: Place) -> str:
    """A token that `decode` takes for the same account, and for no other."""
    micros = (place.occurred_at - _EPOCH) // _MICROSECOND
    body = _LAYOUT.pack(_VERSION, micros, place.id.bytes)
    return base64.urlsafe_b64encode(body + _check(account_id, body)).decode().rstrip("=")


def decode(account_id: UUID, token: str) -> Place:
    """The place that a token was made for.

    Raises:
        PageTokenError: it is no token, is damaged, or belongs to another account.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        version, micros, entry = _LAYOUT.unpack(raw[: _LAYOUT.size])
        place = Place(_EPOCH + micros * _MICROSECOND, UUID(bytes=entry))
    except (binascii.Error, ValueError, struct.error, OverflowError):
        raise PageTokenError("not a page token") from None
    # Comparing the text too refuses every other spelling of the same bytes.
    if version != _VERSION or encode(account_id, place) != token:
        raise PageTokenError("not a page token of this account's activity")
    return place


def _check(account_id: UUID, body: bytes) -> bytes:
    return hashlib.sha256(account_id.bytes + body).digest()[:_CHECK_BYTES]
