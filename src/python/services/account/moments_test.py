from datetime import UTC, datetime, timedelta

import pytest

from services.account.moments import absolute, relative

NOW = datetime(2026, 11, 24, 3, 12, tzinfo=UTC)


def test_a_moment_is_told_with_its_time_zone() -> None:
    assert absolute(NOW) == "24 Nov 2026, 03:12 UTC"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-3), "just now"),  # clocks differ
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=7), "17 November 2026"),
    ],
)
def test_a_recent_moment_is_told_by_its_age(age: timedelta, words: str) -> None:
    assert relative(NOW - age, NOW) == words
