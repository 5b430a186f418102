from grpc_kafka import topics
from local.topology import callees, needed

TOPOLOGY = """
[applications.database]
serves = ["shop.v1.Store", "shop.v1.Log"]
calls = []

[applications.account]
serves = []
calls = ["shop.v1.Store"]
"""


def test_queues_are_served_once_and_every_application_has_an_inbox() -> None:
    assert [topic.name for topic in needed(TOPOLOGY, "green")] == [
        topics.of_queue("green", "shop.v1.Log"),
        topics.of_queue("green", "shop.v1.Store"),
        topics.of_inbox("green", "database"),
        topics.of_inbox("green", "account"),
        topics.of_dead_letter("green", "shop.v1.Log"),
        topics.of_dead_letter("green", "shop.v1.Store"),
    ]


def test_dead_letters_are_few_and_stay_long() -> None:
    letters = [each for each in needed(TOPOLOGY, "green") if each.name.endswith(".dead-letter")]
    assert {each.partitions for each in letters} == {1}
    assert {each.settings["retention.ms"] for each in letters} == {"2592000000"}


def test_who_is_called_follows_from_who_serves() -> None:
    assert callees(TOPOLOGY) == {"database": (), "account": ("database",)}
