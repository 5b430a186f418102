"""The fields of a submitted form."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from chassis.web.errors import UnreadableBodyError

MEDIA_TYPE = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20


def parse(content_type: str, body: bytes) -> Mapping[str, str]:
    """The fields by name; of a repeated name the first.

    Raises:
        UnreadableBodyError: another media type, or not a form in UTF-8.
    """
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnreadableBodyError(415, f"The form must be sent as {MEDIA_TYPE}.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise UnreadableBodyError(400, "The form could not be read.") from None
    return dict(reversed(pairs))
