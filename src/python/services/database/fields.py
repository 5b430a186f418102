"""Reads the fields of a request, and says everything that is wrong with them at once. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from services.database.errors import InvalidRequestError, Violation
from services.database.models import DIGEST_BYTES, EMAIL_MOST, PASSWORD_HASH_MOST

EMAIL_LEAST = 3
_NIL = UUID(int=0)
_NEVER = datetime.min.replace(tzinfo=UTC)
_TIME_VERSION = 7


class Fields:
    """Collects violations; leaving the `with` block raises them together.

        with Fields() as fields:
            session_id = fields.id("id", request.id)
            agent = fields.text("user_agent", request.user_agent, most=200)

    A reader of a bad value answers a placeholder, which never leaves the block.

    Raises:
        InvalidRequestError: at the end of the block, if any field broke a rule.
    """

    def __init__(self) -> None:
        self._violations: list[Violation] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self._violations:
            raise InvalidRequestError(self._violations)

    def refuse(self, field: str, description: str) -> None:
        """Note that a field breaks a rule."""
        self._violations.append(Violation(field, description))

    def id(self, field: str, value: str) -> UUID:
        """A UUID in canonical text form."""
        parsed = _parse(UUID, value)
        if parsed is None or str(parsed) != value:
            self.refuse(field, "must be a UUID in canonical text form")
            return _NIL
        return parsed

    def new_id(self, field: str, value: str) -> UUID:
        """A UUIDv7 in canonical text form, for a row that is to be made."""
        parsed = _parse(UUID, value)
        if parsed is None or str(parsed) != value or parsed.version != _TIME_VERSION:
            self.refuse(field, "must be a UUIDv7 in canonical text form")
            return _NIL
        return parsed

    def text(self, field: str, value: str, *, least: int = 0, most: int) -> str:
        """Text of so many characters; U+0000 is none that PostgreSQL can store."""
        if not least <= len(value) <= most:
            size = f"{least} to {most}" if least else f"at most {most}"
            self.refuse(field, f"must be {size} characters long")
        if "\0" in value:
            self.refuse(field, "must not contain the character U+0000")
        return value

    def email(self, field: str, value: str) -> str:
        """An e-mail address, in the lower case in which it is stored and compared."""
        local, at, domain = value.rpartition("@")
        if not (local and at and domain) or not value.isprintable() or " " in value:
            self.refuse(field, "must be an e-mail address")
        return self.text(field, value.lower(), least=EMAIL_LEAST, most=EMAIL_MOST)

    def password_hash(self, field: str, value: str) -> str:
        """A PHC string."""
        if not value.startswith("$"):
            self.refuse(field, "must be a PHC string")
        return self.text(field, value, least=1, most=PASSWORD_HASH_MOST)

    def digest(self, field: str, value: bytes) -> bytes:
        """A SHA-256 digest."""
        if len(value) != DIGEST_BYTES:
            self.refuse(field, f"must be {DIGEST_BYTES} bytes long")
        return value

    def number(self, field: str, value: int, *, least: int, most: int) -> int:
        """A number in these bounds."""
        if not least <= value <= most:
            self.refuse(field, f"must be from {least} to {most}")
        return value

    def time(self, field: str, value: Timestamp) -> datetime:
        """A point in time, UTC, in microseconds."""
        parsed = _parse(lambda stamp: stamp.ToDatetime(tzinfo=UTC), value)
        if parsed is None:
            self.refuse(field, "must be a time of the years 1 to 9999")
            return _NEVER
        return parsed

    def duration(self, field: str, value: Duration, *, most: timedelta) -> timedelta:
        """A positive duration, in microseconds."""
        parsed = _parse(Duration.ToTimedelta, value)
        if parsed is None or not timedelta(0) < parsed <= most:
            self.refuse(field, f"must be positive and at most {most.total_seconds():g} s")
            return most
        return parsed


def _parse[V, P](parser: Callable[[V], P], value: V) -> P | None:
    try:
        return parser(value)
    except (ValueError, OverflowError):
        return None
