from grpc_kafka.topics import Topic
from grpc_kafka.topics._differences import Difference, Found, Step, differences

_TOPIC = Topic("blue.a.B", 4, 3, {"retention.ms": "1000"})
_AS_WANTED = Found(4, 3, {"retention.ms": "1000", "cleanup.policy": "delete"})


def _one(found: Found) -> Difference:
    (difference,) = differences([_TOPIC], {"blue.a.B": found})
    return difference


def test_what_is_as_wanted_differs_in_nothing_and_other_topics_are_left_alone() -> None:
    assert differences([_TOPIC], {"blue.a.B": _AS_WANTED, "other": Found(1, 1)}) == []


def test_a_missing_topic_is_created() -> None:
    (difference,) = differences([_TOPIC], {})
    assert difference.step is Step.CREATE
    said = "+ blue.a.B: is missing (4 partitions, 3 replicas, retention.ms 1000)"
    assert str(difference) == said


def test_partitions_are_added_and_never_taken_away() -> None:
    fewer, more = _one(Found(2, 3, _AS_WANTED.settings)), _one(Found(5, 3, _AS_WANTED.settings))
    assert (fewer.step, more.step) == (Step.APPLY, Step.BY_HAND)
    assert str(fewer) == "~ blue.a.B: has 2 partitions, not 4"
    assert "none can be taken away" in more.said


def test_replicas_are_moved_by_hand() -> None:
    difference = _one(Found(4, 1, _AS_WANTED.settings))
    assert difference.step is Step.BY_HAND
    assert "has 1 replicas, not 3" in difference.said


def test_settings_are_changed() -> None:
    difference = _one(Found(4, 3, {"retention.ms": "5"}))
    assert str(difference) == "~ blue.a.B: retention.ms is 5, not 1000"
    assert (difference.step, difference.setting, difference.value) == (
        Step.APPLY,
        "retention.ms",
        "1000",
    )
    assert "is not known" in _one(Found(4, 3)).said
