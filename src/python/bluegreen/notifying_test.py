from dataclasses import replace

import pytest

from bluegreen.errors import SettingsError
from bluegreen.notifying import Notifying, body, title
from bluegreen.ports import Outcome

GOOD = Outcome(
    destination="production",
    operation="deploy",
    version="20260101-000001-000000000001",
    changed=["account", "identity"],
    owner="anna@laptop",
    seconds=187.4,
    failure=None,
)
BAD = Outcome(
    destination="staging",
    operation="contract",
    version="",
    changed=[],
    owner="anna@laptop",
    seconds=4.25,
    failure="contract failed: a lock was in the way; run the same command again",
)


def test_a_success_says_what_went_where_by_whom_and_how_long_it_took() -> None:
    assert title(GOOD) == "production: deploy succeeded"
    assert body(GOOD).splitlines() == [
        "Version: 20260101-000001-000000000001",
        "Changed: account, identity",
        "By anna@laptop, in 3 min 7 s",
    ]


def test_what_came_is_told_by_commits_and_their_subjects() -> None:
    old, new = "a" * 40, "b" * 40
    came = replace(GOOD, commits=(old, new), subjects=["Show the last sign-in", "…"])
    assert body(came).splitlines()[2:5] == [
        "Commits: aaaaaaaaaaaa..bbbbbbbbbbbb",
        "  Show the last sign-in",
        "  …",
    ]


def test_a_failure_says_why() -> None:
    assert title(BAD) == "staging: contract FAILED"
    assert body(BAD).splitlines() == [
        "By anna@laptop, in 4.2 s",
        "",
        "contract failed: a lock was in the way; run the same command again",
    ]


def test_urls_that_mean_nothing_are_told_at_once_and_not_repeated() -> None:
    urls = ["smoke://hunter2@hill", "json://127.0.0.1/hook", "hunter2"]
    with pytest.raises(SettingsError) as wrong:
        Notifying(urls)
    assert wrong.value.problems == (
        "notify[0]: is no URL of a target that apprise knows",
        "notify[2]: is no URL of a target that apprise knows",
    )
    assert "hunter2" not in str(wrong.value)


def test_where_nobody_listens_nobody_is_told() -> None:
    Notifying([]).notify(GOOD)
