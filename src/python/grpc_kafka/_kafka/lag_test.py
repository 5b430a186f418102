"""What of a queue was not taken, counted from librdkafka's statistics and brokers' answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from grpc_kafka._kafka._lag import Lag
from grpc_kafka._kafka.conftest import Clock

if TYPE_CHECKING:
    from confluent_kafka import Consumer

_INVALID = -1001


class ScriptedConsumer:
    """Says this of every partition's end, or nothing."""

    def __init__(self) -> None:
        self.end: int | None = None
        self.asked = 0

    def get_watermark_offsets(self, _place: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout < 1
        self.asked += 1
        if self.end is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return 0, self.end


def _lag(consumer: ScriptedConsumer | None = None) -> Lag:
    return Lag(cast("Consumer", consumer or ScriptedConsumer()), "q")


def _statistics(*ends: int, taken: int = 0, state: str = "active") -> str:
    partitions = {
        str(number): {
            "fetch_state": state,
            "hi_offset": end,
            "app_offset": taken or _INVALID,
            "next_offset": 5,
            "fetchq_cnt": 3,
        }
        for number, end in enumerate(ends)
    }
    return json.dumps({"topics": {"q": {"partitions": partitions}}})


def test_nothing_is_known_before_the_first_statistics() -> None:
    lag = _lag()
    assert lag.records is None
    lag.measured(json.dumps({"topics": {}}))
    assert lag.records is None


def test_what_was_not_taken_of_all_partitions_is_summed() -> None:
    lag = _lag()
    lag.measured(_statistics(10, 9, taken=7))
    assert lag.records == 5


def test_what_was_fetched_ahead_is_not_taken_yet() -> None:
    lag = _lag()
    lag.measured(_statistics(5))
    assert lag.records == 3


def test_partitions_of_others_and_unknown_ends_do_not_count() -> None:
    lag = _lag()
    lag.measured(_statistics(10, taken=7, state="none"))
    assert lag.records is None
    lag.measured(_statistics(_INVALID, taken=7))
    assert lag.records is None


def test_the_ends_of_paused_partitions_are_asked_for_now_and_then(clock: Clock) -> None:
    consumer = ScriptedConsumer()
    lag = _lag(consumer)
    lag.measured(_statistics(10, 10, taken=10))
    consumer.end = 30
    lag.look({0})
    lag.look({0})
    assert (consumer.asked, lag.records) == (1, 20)
    lag.measured(_statistics(10, 10, taken=10))
    assert lag.records == 20
    clock.now += 1
    consumer.end = 31
    lag.look({0, 7})
    assert (consumer.asked, lag.records) == (2, 21)


def test_nothing_is_asked_while_nothing_is_paused() -> None:
    consumer = ScriptedConsumer()
    _lag(consumer).look(set())
    assert consumer.asked == 0


def test_brokers_that_do_not_answer_leave_what_was_known() -> None:
    consumer = ScriptedConsumer()
    lag = _lag(consumer)
    lag.measured(_statistics(10, taken=7))
    lag.look({0})
    assert (consumer.asked, lag.records) == (1, 3)
