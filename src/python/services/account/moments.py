"""Moments in words."""

from datetime import datetime, timedelta

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
_RECENT = timedelta(days=7)


def absolute(moment: datetime) -> str:
    """Such as "24 Nov 2026, 03:12 UTC"; the server does not know the reader's time zone."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def day(moment: datetime) -> str:
    """Such as "24 November 2026"."""
    return f"{moment.day} {moment:%B %Y}"


def relative(moment: datetime, now: datetime) -> str:
    """Such as "5 minutes ago"; the date when it is more than a week ago."""
    age = now - moment
    if age >= _RECENT:
        return day(moment)
    for name, length in _UNITS:
        if age >= length:
            count = age // length
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
