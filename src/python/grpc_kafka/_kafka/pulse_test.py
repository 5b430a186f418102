import json

from confluent_kafka import KafkaError

from grpc_kafka._kafka._pulse import Pulse
from grpc_kafka._kafka.conftest import Clock

_NOW = 1000.0


def _statistics(*brokers: tuple[str, float]) -> str:
    rows = {
        str(number): {"source": "learned", "state": state, "rxidle": int(idle * 1_000_000)}
        for number, (state, idle) in enumerate(brokers)
    }
    return json.dumps({"brokers": rows})


def test_a_consumer_that_heard_nobody_is_not_well(clock: Clock) -> None:
    health = Pulse("queue q").health()
    assert (clock.now, health.ok) == (_NOW, False)
    assert "no broker answered yet" in health.detail


def test_a_consumer_that_failed_for_good_is_not_well_although_brokers_answer(
    clock: Clock,
) -> None:
    pulse = Pulse("queue q")
    pulse.failed(KafkaError(KafkaError.UNSUPPORTED_VERSION, "not this group", fatal=True))
    pulse.measured(_statistics(("UP", 0)))
    health = pulse.health()
    assert (clock.now, health.ok) == (_NOW, False)
    assert "not this group" in health.detail


def test_a_consumer_that_polls_and_is_answered_is_well(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.heard()
    clock.now += 4
    assert pulse.health().ok


def test_a_thread_that_does_not_poll_is_not_well(clock: Clock) -> None:
    pulse = Pulse("queue q")
    clock.now += 6
    pulse.heard()
    assert "not polled" in pulse.health().detail
    pulse.polled()
    assert pulse.health().ok


def test_the_freshest_connection_counts(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.measured(_statistics(("UP", 30), ("DOWN", 0), ("UP", 8)))
    assert pulse.health().ok
    clock.now += 3
    pulse.polled()
    assert "no broker answers" in pulse.health().detail


def test_connections_that_never_heard_anything_do_not_count(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.measured(
        json.dumps({"brokers": {"1": {"source": "learned", "state": "UP", "rxidle": -1}}})
    )
    assert (clock.now, pulse.health().ok) == (_NOW, False)


def test_all_brokers_down_is_known_at_once(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.heard()
    pulse.failed(KafkaError(KafkaError._TRANSPORT))
    assert (clock.now, pulse.health().ok) == (_NOW, True)
    pulse.failed(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert not pulse.health().ok
    pulse.measured(_statistics(("UP", 0)))
    assert pulse.health().ok


def test_why_nobody_is_let_in_outlives_the_word_that_all_brokers_are_down(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.failed(KafkaError(KafkaError._AUTHENTICATION, "no such user"))
    pulse.failed(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert "no broker answers: authentication failed: no such user" in pulse.health().detail
    pulse.measured(_statistics(("UP", 0)))
    assert (clock.now, pulse.refused, pulse.health().ok) == (_NOW, None, True)


def test_who_is_not_allowed_to_read_is_not_well_although_brokers_answer(clock: Clock) -> None:
    pulse = Pulse("queue q")
    pulse.failed(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    pulse.measured(_statistics(("UP", 0)))
    assert "the brokers do not allow it" in pulse.health().detail
    pulse.heard()
    assert (clock.now, pulse.health().ok) == (_NOW, True)


def test_who_joins_no_group_needs_no_right_to_one(clock: Clock) -> None:
    pulse = Pulse("inbox i", joins=False)
    pulse.heard()
    pulse.failed(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
    assert (clock.now, pulse.health().ok) == (_NOW, True)
