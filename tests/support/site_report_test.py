"""What a load reports."""

import pytest

from tests.support.site_report import Entry, Latency, Report, Sample, Watched, Window, Write, Writes


def wrote(*details: str, acknowledged: bool = True) -> list[Write]:
    return [Write("edited", detail, acknowledged) for detail in details]


def there(*details: str) -> list[Entry]:
    return [Entry(str(number), "edited", detail) for number, detail in enumerate(details)]


def compared(asked: list[Write], entries: list[Entry]) -> Writes:
    writes = Writes()
    writes.add("ada", asked, entries)
    return writes


def test_writes_that_are_there_once_are_neither_lost_nor_doubled() -> None:
    assert compared(wrote("a", "b", "a"), there("a", "b", "a")) == Writes(3, 3)


def test_a_write_that_is_not_there_is_lost() -> None:
    assert compared(wrote("a", "b", "c"), there("a", "c")) == Writes(3, 2, ["ada: edited b"])


@pytest.mark.parametrize("entries", [there("a", "b", "b"), there("a", "b", "a")])
def test_a_write_that_is_there_twice_is_doubled(entries: list[Entry]) -> None:
    writes = compared(wrote("a", "b"), entries)
    assert (writes.found, writes.lost, len(writes.doubled)) == (2, [], 1)


def test_a_write_that_nobody_acknowledged_may_be_there_or_not() -> None:
    unknown = [*wrote("a"), *wrote("b", acknowledged=False)]
    assert compared(unknown, there("a")) == Writes(1, 1)
    assert compared(unknown, there("a", "b")) == Writes(1, 2)
    assert compared(unknown, there("a", "b", "b")).doubled == ["ada: edited b"]


def test_what_nobody_acknowledged_hides_nothing_of_the_rest() -> None:
    unknown = wrote("x", "y", "z", acknowledged=False)
    asked = [*wrote("a", "b"), *unknown, *wrote("a", "b", "c")]
    assert compared(asked, there("a", "b", "y", "a", "b", "c")) == Writes(5, 6)
    assert compared(asked, there("a", "b", "y", "a", "c")).lost == ["ada: edited b"]


def test_one_lost_and_one_doubled_do_not_make_up_for_each_other() -> None:
    writes = compared(wrote("a", "b", "c"), there("a", "c", "c"))
    assert (writes.lost, writes.doubled) == (["ada: edited b"], ["ada: edited c"])


def test_what_came_before_a_stream_began_is_not_missed() -> None:
    watched = Watched()
    watched.add(["2", "3"], "1", there("a", "b", "c", "d"))
    assert watched == Watched(told=2)


def test_what_did_not_come_is_missed_and_what_came_twice_repeated() -> None:
    watched = Watched()
    watched.add(["1", "1", "3"], "0", there("a", "b", "c", "d"))
    assert (watched.missed, watched.repeated) == (["2"], ["1"])


def test_latencies_of_a_window_are_those_of_requests_that_were_on_their_way_in_it() -> None:
    samples = [
        *(Sample("page", at, 0.1) for at in range(100)),
        Sample("page", 9.9, 5.0),
        Sample("edit", 50.0, 0.2, "500"),
    ]
    report = Report(samples, Writes(), Watched())
    switch = Window(10.5, 20.5)
    assert report.within(switch) == Latency(11, 0.1, 5.0, 5.0)
    assert report.outside(switch) == Latency(90, 0.1, 0.1, 0.1)
    assert report.within(switch, kind="edit") == Latency(0, 0.0, 0.0, 0.0)
    assert [each.kind for each in report.failures] == ["edit"]
    assert "1 failed" in str(report)
