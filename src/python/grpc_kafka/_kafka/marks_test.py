"""Marks: where they cannot be kept nobody is suspected; positions are committed all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from grpc_kafka._kafka._marks import Marks

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_AWAY = KafkaException(KafkaError(KafkaError._TIMED_OUT))


@dataclass
class ScriptedConsumer:
    """Has this position and this mark for every partition; keeps what is stored and committed."""

    position: int = 5
    found: str = ""
    failing: set[str] = field(default_factory=set)
    stored: list[tuple[int, str | None]] = field(default_factory=list)
    written: list[tuple[int, str | None]] = field(default_factory=list)

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout < 10
        self._fail("committed")
        for each in places:
            each.offset = self.position
        if not self.found:
            return places
        return [TopicPartition("q", each.partition, each.offset, self.found) for each in places]

    def get_watermark_offsets(self, _place: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout < 10
        self._fail("watermarks")
        return 2, 9

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert not asynchronous
        self._fail("commit")
        self.written += [(each.offset, each.metadata) for each in offsets]

    def store_offsets(self, *, offsets: list[TopicPartition]) -> None:
        self._fail("store")
        self.stored += [(each.offset, each.metadata) for each in offsets]

    def _fail(self, what: str) -> None:
        if what in self.failing:
            raise _AWAY


def _marks(consumer: ScriptedConsumer, *, latest: bool = False) -> Marks:
    return Marks(cast("Consumer", consumer), "q", latest=latest)


def test_an_assignment_is_marked_once_and_progress_goes_along_with_positions() -> None:
    consumer = ScriptedConsumer(failing={"watermarks"})
    marks = _marks(consumer)
    assert marks.take({0}) == {}
    marks.store(0, 6)
    marks.leave({0})
    assert consumer.written == [(5, "run:1"), (6, "")]
    assert consumer.stored == [(6, "run:1"), (6, "")]


def test_a_partition_that_nobody_has_read_is_marked_where_it_begins() -> None:
    for latest, position in ((False, 2), (True, 9)):
        consumer = ScriptedConsumer(position=-1001)
        assert _marks(consumer, latest=latest).take({0}) == {}
        assert consumer.written == [(position, "run:1")]


def test_a_partition_that_others_vanished_with_is_taken_with_care() -> None:
    consumer = ScriptedConsumer(found="run:2")
    marks = _marks(consumer)
    assert marks.take({0})[0].until == 9
    assert marks.careful
    marks.write(0, "one:5:1")
    assert consumer.written == [(5, "run:3"), (5, "one:5:1")]


def test_without_an_answer_nobody_is_suspected_and_positions_carry_no_mark() -> None:
    for failing in ("committed", "watermarks", "commit"):
        consumer = ScriptedConsumer(found="run:2", failing={failing})
        marks = _marks(consumer)
        assert marks.take({0}) == {}
        assert not marks.careful
        marks.store(0, 6)
        marks.write(0, "one:6:1")
        marks.leave({0})
        assert (consumer.stored, consumer.written) == ([(6, None)], [])


def test_brokers_that_keep_no_marks_make_nobody_suspicious() -> None:
    for _ in range(5):
        assert _marks(ScriptedConsumer()).take({0, 1}) == {}


def test_a_mark_that_is_not_taken_stops_nothing() -> None:
    consumer = ScriptedConsumer(found="run:2")
    marks = _marks(consumer)
    marks.take({0})
    consumer.failing = {"commit", "store"}
    marks.write(0, "one:5:1")
    marks.leave({0})
    assert consumer.written == [(5, "run:3")]
