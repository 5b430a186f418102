import pytest

from grpc_kafka.topics import DefinitionsError, Overrides, Topic, read

_FILE = """
lanes = ["blue", "green"]

[topics.queue]
partitions = 6
replication = 3
min-in-sync = 2
retention = "12h"
settings = {"max.message.bytes" = "2000000"}

[applications.database]
serves = ["shop.v1.Store", "shop.v1.Log"]
calls = []

[applications.account]
serves = []
calls = ["shop.v1.Store"]

[services."shop.v1.Store"]
queue = {partitions = 12, retention = "90s"}
dead-letter = {partitions = 2}
"""
_LETTERS = {"retention.ms": "2592000000"}


def test_queues_inboxes_and_dead_letters_follow_from_applications() -> None:
    queue = {
        "retention.ms": "43200000",
        "min.insync.replicas": "2",
        "max.message.bytes": "2000000",
    }
    assert read(_FILE, ["blue"]) == [
        Topic("blue.shop.v1.Log", 6, 3, queue),
        Topic("blue.shop.v1.Store", 12, 3, {**queue, "retention.ms": "90000"}),
        Topic("blue.database.inbox", 4, 1, {}),
        Topic("blue.account.inbox", 4, 1, {}),
        Topic("blue.shop.v1.Log.dead-letter", 1, 1, _LETTERS),
        Topic("blue.shop.v1.Store.dead-letter", 2, 1, _LETTERS),
    ]


def test_the_file_s_lanes_are_those_of_nobody_s_choice() -> None:
    assert {topic.name.partition(".")[0] for topic in read(_FILE)} == {"blue", "green"}
    assert {topic.name.partition(".")[0] for topic in read(_FILE, ["red"])} == {"red"}


def test_a_cluster_has_as_many_replicas_as_it_can() -> None:
    made = read(_FILE, ["blue"], Overrides(replication=1, min_in_sync=1))
    assert {topic.replication for topic in made} == {1}
    assert {topic.settings["min.insync.replicas"] for topic in made} == {"1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lanes = [", "it is no TOML"),
        ("", "there is no lane"),
        ('lanes = ["a.b"]', "lane 'a.b' cannot be part"),
        ('lanes = "blue"', "lanes is a list of texts"),
        ("lane = 1", "lane is not known; lanes, topics"),
        ("[topics.queues]", "queues is not known; queue, inbox"),
        ("[topics.queue]\npartition = 1", "topics.queue: partition is not known"),
        ("[topics.queue]\npartitions = 0", "topics.queue: partitions is a number from 1"),
        ("[topics.queue]\npartitions = true", "partitions is a number"),
        ("[topics.queue]\nretention = 7", "retention is a text such as"),
        ('[topics.queue]\nretention = "7w"', "retention is a text such as"),
        ('[topics.queue]\nsettings = {"a" = 1}', "settings are texts"),
        ("topics = 1", "is a table"),
        ("[applications]\na = 1", "a is a table"),
        ('[applications.a]\nserves = ["x.Y"]\n[applications.b]\nserves = ["x.Y"]', "by a and by b"),
        ("[applications.a]\nserve = []", "serve is not known"),
        ('[applications.a]\nserves = [1]', "applications.a.serves is a list"),
        ('[applications."a b"]', "application 'a b' cannot be part"),
        ('[services."x.Y"]', "no application serves it"),
        ("[topics.inbox]\nmin-in-sync = 2\n[applications.a]", "2 in-sync replicas of 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(text: str, said: str) -> None:
    lanes = [] if "lanes" in text or not text else ["blue"]
    with pytest.raises(DefinitionsError) as caught:
        read(text, lanes)
    assert said in str(caught.value)
