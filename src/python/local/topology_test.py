from pathlib import Path

import pytest

from grpc_kafka import topics
from local.errors import TopologyError
from local.topology import callees, needed

TOPOLOGY = """
[applications.database]
serves = ["shop.v1.Store", "shop.v1.Log"]
calls = []

[applications.account]
serves = []
calls = ["shop.v1.Store"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "services.toml"
    path.write_text(TOPOLOGY)
    return path


def test_queues_are_served_once_and_every_application_has_an_inbox(file: Path) -> None:
    assert [topic.name for topic in needed(file, "green")] == [
        topics.of_queue("green", "shop.v1.Log"),
        topics.of_queue("green", "shop.v1.Store"),
        topics.of_inbox("green", "database"),
        topics.of_inbox("green", "account"),
        topics.of_dead_letter("green", "shop.v1.Log"),
        topics.of_dead_letter("green", "shop.v1.Store"),
    ]


def test_dead_letters_are_few_and_stay_long(file: Path) -> None:
    letters = [each for each in needed(file, "green") if each.name.endswith(".dead-letter")]
    assert {each.partitions for each in letters} == {1}
    assert {each.settings["retention.ms"] for each in letters} == {"2592000000"}


def test_who_is_called_follows_from_who_serves(file: Path) -> None:
    assert callees(file) == {"database": (), "account": ("database",)}


def test_what_an_application_leaves_out_it_does_not_do(file: Path) -> None:
    file.write_text("[applications.shipping]\n")
    assert callees(file) == {"shipping": ()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[applications.account\n", "it is no TOML: Expected ']'"),
        ('[applications.account]\nserve = ["shop.v1.Store"]', "applications.account: serve is not"),
        ('[applications.account]\ncalls = "shop.v1.Store"', "applications.account.calls is a list"),
        ("applications = []", "applications is a table"),
        (
            TOPOLOGY.replace("calls = []", 'calls = ["shop.v1.Stock"]'),
            "applications.database.calls names shop.v1.Stock, which no application serves; correct",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_file_and_the_key(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(TopologyError) as caught:
        callees(file)
    assert str(caught.value).startswith(f"{file}: {said}")
    assert str(caught.value).endswith("(docs/topics.md says what belongs there)")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"No such file or directory: '.*services\.toml'"):
        callees(tmp_path / "services.toml")
