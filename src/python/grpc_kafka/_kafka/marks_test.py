"""Marks: where they cannot be kept nobody is suspected; positions are committed all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from grpc_kafka._kafka import _marks
from grpc_kafka._kafka._marks import Marks

if TYPE_CHECKING:
    from confluent_kafka import Consumer

    from grpc_kafka._kafka.conftest import Clock

_AWAY = KafkaError(KafkaError._TIMED_OUT)
_OUTDATED = KafkaError(KafkaError.STALE_MEMBER_EPOCH)


@dataclass
class ScriptedConsumer:
    """Has this position and this mark for every partition; keeps what is stored and committed."""

    position: int = 5
    found: str = ""
    failing: set[str] = field(default_factory=set)
    stored: list[tuple[int, str | None]] = field(default_factory=list)
    written: list[tuple[int, str | None]] = field(default_factory=list)
    places: list[TopicPartition] = field(default_factory=list)
    waited: float = 0.0

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        self._ask("committed", timeout)
        return [TopicPartition("q", each.partition, self.position, self.found) for each in places]

    def offsets_for_times(
        self, places: list[TopicPartition], timeout: float
    ) -> list[TopicPartition]:
        self._ask("ends", timeout)
        edges = {each.partition: 2 if each.offset == OFFSET_BEGINNING else 9 for each in places}
        return [TopicPartition("q", each, edges[each]) for each in edges]

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous, "to wait would keep the partitions from being served"
        self._fail("commit")
        self.places = offsets
        self.written += [(each.offset, each.metadata) for each in offsets]

    def store_offsets(self, *, offsets: list[TopicPartition]) -> None:
        self._fail("store")
        self.stored += [(each.offset, each.metadata) for each in offsets]

    def _ask(self, what: str, timeout: float) -> None:
        if what in self.failing:
            self.waited += timeout
        self._fail(what)

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise KafkaException(_AWAY)


def _of(consumer: ScriptedConsumer, *, latest: bool = False) -> Marks:
    return Marks(cast("Consumer", consumer), "q", latest=latest)


def _ignore() -> None:
    return None


def test_an_assignment_is_marked_once_and_progress_goes_along_with_positions() -> None:
    consumer = ScriptedConsumer(failing={"ends"})
    marks = _of(consumer)
    assert marks.take({0}) == {}
    marks.committed(None, consumer.places)
    marks.store(0, 6)
    marks.turn()
    marks.leave({0})
    assert consumer.written == [(5, "run:1"), (6, "")]
    assert consumer.stored == [(6, "run:1"), (6, "")]


def test_a_partition_that_nobody_has_read_is_marked_where_it_begins() -> None:
    for latest, position in ((False, 2), (True, 9)):
        consumer = ScriptedConsumer(position=-1001)
        assert _of(consumer, latest=latest).take({0}) == {}
        assert consumer.written == [(position, "run:1")]


def test_a_partition_that_others_vanished_with_is_taken_with_care() -> None:
    consumer = ScriptedConsumer(found="run:2")
    marks = _of(consumer)
    assert marks.take({0})[0].until == 9
    assert marks.careful
    marks.write(0, "one:5:1", _ignore)
    assert consumer.written == [(5, "run:3"), (5, "one:5:1")]


def test_a_partition_that_one_member_vanished_with_is_told_of_and_taken_without_care() -> None:
    marks = _of(ScriptedConsumer(found="run:1"))
    plan = marks.take({0})[0]
    assert (plan.until, plan.again) == (0, 9)
    assert not marks.careful


def test_a_request_is_run_when_the_brokers_have_its_mark() -> None:
    consumer = ScriptedConsumer(found="run:2")
    marks = _of(consumer)
    marks.take({0})
    marked: list[str] = []
    marks.write(0, "one:5:1", lambda: marked.append("marked"))
    marks.committed(None, [TopicPartition("q", 0, 5, metadata="run:3")])
    assert marked == []
    marks.committed(None, consumer.places)
    assert marked == ["marked"]


def test_brokers_that_are_away_hold_up_an_assignment_for_seconds_in_all() -> None:
    for failing in ("committed", "ends"):
        consumer = ScriptedConsumer(found="run:2", failing={failing})
        assert _of(consumer).take(range(100)) == {}
        assert consumer.waited <= _marks.BUDGET


def test_without_an_answer_nobody_is_suspected_and_progress_is_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for failing in ("committed", "ends"):
        caplog.clear()
        consumer = ScriptedConsumer(found="run:2", failing={failing})
        marks = _of(consumer)
        assert marks.take({0}) == {}
        assert not marks.careful
        marks.store(0, 6)
        assert (consumer.stored, consumer.written) == ([(6, "run:1")], [])
        assert [each.message for each in caplog.records] == [
            "queue q: nobody is suspected: Local: Timed out (_TIMED_OUT)"
        ]


def test_what_could_not_be_read_at_first_is_asked_for_again_after_a_pause(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for begun, plans in ((set[int](), {0}), ({0}, set[int]())):
        consumer = ScriptedConsumer(found="run:2", failing={"committed"})
        marks = _of(consumer)
        marks.take({0})
        assert (marks.unread, marks.position(0)) == ([], None)
        clock.now += 0.3
        assert marks.unread == [0]
        assert marks.take_again({0}, begun) == {}
        assert consumer.waited < _marks.BUDGET + 0.5
        consumer.failing.clear()
        clock.now += 0.6
        assert set(marks.take_again(set(marks.unread), begun)) == plans
        assert marks.careful is bool(plans)
        assert (marks.unread, marks.position(0)) == ([], 5)
        assert consumer.written == [(5, "run:3")]
    assert [each.message for each in caplog.records if "nobody" in each.message] == [
        "queue q: nobody is suspected: Local: Timed out (_TIMED_OUT)"
    ] * 2


def test_a_mark_that_fails_is_sent_again_with_pauses_and_not_for_ever(clock: Clock) -> None:
    consumer = ScriptedConsumer()
    marks = _of(consumer)
    marks.take({0})
    for _ in range(1000):
        marks.committed(_OUTDATED, consumer.places)
        marks.turn()
        clock.now += 1
    assert 3 < len(consumer.written) < 12
    assert set(consumer.written) == {(5, "run:1")}


def test_a_request_waits_for_seconds_for_its_mark_and_is_run_without(clock: Clock) -> None:
    consumer = ScriptedConsumer(found="run:2")
    marks = _of(consumer)
    marks.take({0})
    marked: list[str] = []
    consumer.failing = {"commit", "store"}
    marks.write(0, "one:5:1", lambda: marked.append("marked"))
    marks.turn()
    assert marked == []
    clock.now += 6
    marks.turn()
    assert marked == ["marked"]
    marks.leave({0})
    assert consumer.written == [(5, "run:3")]


def test_who_waits_for_a_mark_is_told_when_the_partition_is_gone() -> None:
    marks = _of(ScriptedConsumer(found="run:2"))
    marks.take({0})
    marked: list[int] = []
    marks.write(0, "run:1", lambda: marked.append(0))
    marks.forget({0})
    marks.write(0, "run:1", lambda: marked.append(1))
    assert marked == [0, 1]


def test_a_member_that_the_brokers_lost_sight_of_does_not_suspect_itself() -> None:
    consumer = ScriptedConsumer(position=5)
    marks = _of(consumer)
    for _ in range(5):
        assert marks.take({0}) == {}
        consumer.found = consumer.written[-1][1] or ""
        marks.lose({0})
    assert set(consumer.written) == {(5, "run:1")}


def test_what_another_member_has_left_behind_meanwhile_counts() -> None:
    consumer = ScriptedConsumer(position=5)
    marks = _of(consumer)
    marks.take({0})
    marks.lose({0})
    consumer.found = "run:2"
    assert marks.take({0})[0].until == 9


def test_brokers_that_keep_no_marks_make_nobody_suspicious() -> None:
    for _ in range(5):
        assert _of(ScriptedConsumer()).take({0, 1}) == {}
