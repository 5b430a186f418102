from __future__ import annotations

import pytest

from grpc_kafka.protocol import CALM, RUNS, STRIKES, SUSPICIOUS, Plan, Standing, decide, is_clean

_POSITION, _END = 10, 20


@pytest.mark.parametrize(
    ("mark", "plan"),
    [
        (None, Plan("run:1")),
        ("", Plan("run:1")),
        ("run:1", Plan("run:2", back="run:1", again=_END)),
        ("run:2", Plan("run:3", back="run:2", until=_END, again=_END)),
        ("run:3", Plan("run:3", back="run:3", until=_END, again=_END)),
        (
            "one:10:1",
            Plan("one:10:1", back="one:10:1", until=_END, suspect=10, strikes=1, again=_END),
        ),
        (
            "one:12:2",
            Plan("one:12:2", back="one:12:2", until=_END, suspect=12, strikes=2, again=_END),
        ),
        # It was finished before its member vanished.
        ("one:9:1", Plan("run:3", back="run:2", until=_END, again=_END)),
        # It is gone: the topic was emptied.
        ("one:20:1", Plan("run:3", back="run:2", until=_END, again=_END)),
        # Not written by this version.
        ("run:0", Plan("run:1")),
        ("run:x", Plan("run:1")),
        ("one:1", Plan("run:1")),
        ("run:1 ", Plan("run:1")),
        ("of another one", Plan("run:1")),
    ],
)
def test_what_was_found_decides_how_a_partition_is_begun(mark: str | None, plan: Plan) -> None:
    assert decide(mark, _POSITION, _END) == plan


@pytest.mark.parametrize("mark", ["run:1", "run:2", "run:3", "one:10:2"])
def test_where_no_record_is_nobody_is_suspected(mark: str) -> None:
    assert decide(mark, _END, _END) == Plan("run:1")


def test_the_end_is_of_no_importance_where_nobody_vanished() -> None:
    assert is_clean("")
    assert is_clean(None)
    assert not is_clean("run:1")
    assert not is_clean("one:1:1")
    assert decide("", 5, 0) == Plan("run:1")


def test_a_request_is_accused_after_it_was_alone_often_enough() -> None:
    plan = decide("one:12:1", _POSITION, _END)
    assert not plan.accuses(12)
    assert (plan.alone(10), plan.alone(12)) == ("one:10:1", "one:12:2")
    plan = decide(plan.alone(12), _POSITION, _END)
    assert plan.accuses(12)
    assert not plan.accuses(13)
    assert not decide("run:3", _POSITION, _END).accuses(-1)


def test_a_request_that_kills_each_time_is_delivered_a_handful_of_times() -> None:
    mark, deliveries = "", 0
    while not (plan := decide(mark, _POSITION, _END)).accuses(_POSITION):
        deliveries += 1
        mark = plan.alone(_POSITION) if plan.until else plan.mark
        assert deliveries < 10
    assert deliveries == RUNS + STRIKES == 4


def test_an_orderly_end_takes_back_what_this_member_wrote() -> None:
    for found in ("", "run:1", "run:2", "run:3", "one:12:1", "one:12:2"):
        standing = Standing(decide(found, _POSITION, _END), _POSITION)
        assert standing.mark != ""
        assert standing.leave() == standing.mark == found


def test_progress_without_suspicion_clears_everybody() -> None:
    standing = Standing(decide("run:1", _POSITION, _END), _POSITION)
    standing.move(11)
    assert (standing.position, standing.mark) == (11, "run:1")
    assert standing.leave() == ""


def test_progress_among_suspects_clears_those_that_are_through_alone() -> None:
    standing = Standing(decide("run:2", _POSITION, _END), _POSITION)
    standing.write("one:10:1")
    standing.move(11)
    assert standing.careful
    assert standing.mark == "one:10:1"
    assert decide(standing.mark, standing.position, _END).until == _END
    assert decide(standing.leave(), standing.position, _END).until == _END


def test_a_suspect_that_is_through_is_not_blamed_for_the_next_one() -> None:
    standing = Standing(decide("run:2", _POSITION, _END), _POSITION)
    standing.write("one:10:1")
    standing.move(11)
    standing.write(SUSPICIOUS)
    assert standing.careful
    assert not decide(standing.mark, standing.position, _END).strikes
    assert standing.leave() == "run:2"


def test_a_suspect_left_in_order_was_not_brought_down_by() -> None:
    standing = Standing(decide("run:2", _POSITION, _END), _POSITION)
    standing.write("one:10:1")
    assert standing.leave() == "run:2"
    standing = Standing(decide("one:10:1", _POSITION, _END), _POSITION)
    standing.write("one:10:2")
    assert standing.leave() == "one:10:1"


def test_when_the_suspects_are_through_nothing_is_left_of_it() -> None:
    standing = Standing(decide("run:2", _POSITION, _END), _POSITION)
    standing.write("one:19:1")
    standing.move(20)
    standing.write(CALM)
    assert not standing.careful
    assert standing.leave() == ""


def test_orderly_ends_one_after_the_other_are_never_suspicious() -> None:
    mark = ""
    for _ in range(10):
        plan = decide(mark, _POSITION, _END)
        assert plan == Plan("run:1")
        mark = Standing(plan, _POSITION).leave()


def test_a_member_knows_what_it_has_left_itself() -> None:
    standing = Standing(decide("run:1", 5, 9), 5)
    assert standing.left(5, "run:2")
    standing.move(7)
    assert standing.left(6, CALM)
    for position, mark in ((8, CALM), (4, CALM), (6, "run:2"), (6, "one:6:1"), (6, None)):
        assert not standing.left(position, mark)
