"""What is concluded from nginx's log."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bluegreen.lane import Lane
from bluegreen.nginx.access_log import Answer, answers, last_begun_before, traffic
from bluegreen.watch import Traffic

STAMP = "2026-11-29T01:02:03.123456789Z"
ENTRY = {
    "server": "_",
    "lane": "green",
    "status": 200,
    "seconds": 0.5,
    "header_seconds": "0.020",
    "upstream": "10.0.0.2:8080",
    "upstream_status": "200",
}


def line(**changes: object) -> str:
    return f"{STAMP} {json.dumps({**ENTRY, **changes})}"


def test_an_answer_is_of_its_lane_and_as_quick_as_its_first_byte() -> None:
    at = datetime(2026, 11, 29, 1, 2, 3, 123456, UTC)
    assert list(answers([line()])) == [Answer(at, Lane.GREEN, failed=False, seconds=0.02)]


@pytest.mark.parametrize(
    "left_out",
    [
        line(header_seconds=""),
        line(server="preview"),
        line(lane="red"),
        line(status="none"),
        f"{STAMP} a line of another kind",
        f"{STAMP} [1]",
        "no time {}",
        "",
    ],
    ids=["static", "preview", "lane", "status", "text", "list", "time", "empty"],
)
def test_what_a_lane_did_not_answer_to_the_world_does_not_count(left_out: str) -> None:
    assert list(answers([left_out, line(status=503)])) == list(answers([line(status=503)]))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("0.5, 0.25", 0.75), ("-, 0.25", 0.25), ("-", 0.5), ("0.5 : 0.25", 0.75)],
)
def test_a_request_that_was_tried_twice_took_both_times(told: str, seconds: float) -> None:
    (answer,) = answers([line(header_seconds=told)])
    assert answer.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "failed"), [(200, False), (404, False), (429, False), (500, True), (504, True)]
)
def test_only_the_servers_errors_are_failures(status: int, *, failed: bool) -> None:
    (answer,) = answers([line(status=status)])
    assert answer.failed is failed


@pytest.mark.parametrize(
    ("upstream", "statuses", "failed"),
    [
        ("10.0.0.2:8080, 10.0.0.3:8080", "502, 200", True),
        ("10.0.0.2:8080, 10.0.0.3:8080", "500, 404", True),
        # nginx opens anew what was closed meanwhile.
        ("10.0.0.2:8080, 10.0.0.2:8080", "502, 200", False),
        ("10.0.0.2:8080 : 10.0.0.2:8080", "302 : 200", False),
    ],
    ids=["gone", "error", "reopened", "redirected"],
)
def test_what_the_other_lane_stood_in_for_is_a_failure_of_the_lane(
    upstream: str, statuses: str, *, failed: bool
) -> None:
    told = line(upstream=upstream, upstream_status=statuses, header_seconds="0.1, 0.1")
    (answer,) = answers([told])
    assert (answer.lane, answer.failed) == (Lane.GREEN, failed)


def test_traffic_is_the_whole_of_answers() -> None:
    assert traffic([]) == Traffic()
    many = [line(header_seconds=f"{number / 100}") for number in range(100)]
    found = list(answers([*many, line(status=500)]))
    assert traffic(found) == Traffic(requests=101, failures=1, p99=0.98)


def test_what_was_answered_across_a_moment_is_found_whoever_answered_it() -> None:
    ended = datetime(2026, 11, 29, 1, 2, 3, 123456, UTC)
    across, later = line(header_seconds="", seconds=2.5), line(seconds=0.1)
    moment = ended - timedelta(seconds=1)
    assert last_begun_before(moment, [across, later]) == ended
    assert last_begun_before(moment, [later, "no time {}", f"{STAMP} [1]", ""]) == moment
    assert last_begun_before(ended - timedelta(seconds=3), [across, later]) < ended
