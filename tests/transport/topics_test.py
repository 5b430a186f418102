"""Topics on Apache Kafka."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from grpc_kafka import Endpoint, TopicsError
from grpc_kafka.aio import channel
from grpc_kafka.topics import Topic, create, of_inbox, of_queue
from grpc_kafka.topics._command import main
from tests.support import kafka

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transport.conftest import Cluster


def test_topics_are_created_once_and_as_asked(apache: Cluster) -> None:
    lane = f"t{uuid.uuid4().hex[:8]}"
    queue = Topic(of_queue(lane, "a.b.C"), 3, settings={"retention.ms": "60000"})
    inbox = Topic(of_inbox(lane, "account"), 2)
    assert create(apache.bootstrap_servers, []) == []
    assert create(apache.bootstrap_servers, [queue]) == [f"{lane}.a.b.C"]
    assert create(apache.bootstrap_servers, [queue, inbox]) == [f"{lane}.account.inbox"]
    assert _partitions(apache, queue.name) == 3
    assert _partitions(apache, inbox.name) == 2


def _partitions(apache: Cluster, topic: str) -> int:
    # What one part of the broker has created another one knows a little later.
    admin = AdminClient({"bootstrap.servers": apache.bootstrap_servers})
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        known = admin.list_topics(timeout=5).topics.get(topic)
        if known is not None and known.partitions:
            return len(known.partitions)
        time.sleep(0.05)
    pytest.fail(f"{topic} did not appear")


def test_a_topic_that_cannot_be_is_refused_by_name(apache: Cluster) -> None:
    with pytest.raises(TopicsError, match=r"topic t was not created: .* replication factor of 3"):
        create(apache.bootstrap_servers, [Topic("t", replication=3)])


def test_a_broker_that_is_not_there_is_said_in_time() -> None:
    with pytest.raises(TopicsError, match="was not created"):
        create("127.0.0.1:1", [Topic("t")], timeout=1)


_FILE = """
[topics.queue]
partitions = {partitions}
retention = "{retention}"

[applications.shop]
serves = ["shop.v1.Store"]
calls = []
"""


class Command:
    """The command, on one lane and one file that changes."""

    def __init__(self, apache: Cluster, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lane = f"t{uuid.uuid4().hex[:8]}"
        self._apache = apache
        self._file = home / "services.toml"
        self._capsys = capsys

    def define(self, partitions: int, retention: str) -> None:
        self._file.write_text(_FILE.format(partitions=partitions, retention=retention))

    def run(self, action: str, *more: str) -> tuple[int, str]:
        """The exit code and what was said."""
        given = ["--bootstrap", self._apache.bootstrap_servers, "--lane", self.lane, *more]
        code = main([action, str(self._file), *given])
        out, err = self._capsys.readouterr()
        return code, out + err


@pytest.fixture
def command(apache: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(apache, tmp_path, capsys)


def test_what_the_file_defines_is_planned_created_and_then_there(command: Command) -> None:
    command.define(3, "1h")
    code, said = command.run("plan")
    assert (code, said.count("is missing")) == (3, 3)
    assert f"+ {command.lane}.shop.v1.Store: is missing (3 partitions, 1 replicas" in said
    assert command.run("check")[0] == 3
    code, said = command.run("create")
    assert (code, said.count(": created")) == (0, 3)
    for action in ("plan", "check", "create"):
        code, said = _settled(command, action)
        assert (code, said.count("\n")) == (0, 1)
        assert "3 topics are as" in said


def _settled(command: Command, action: str, *more: str) -> tuple[int, str]:
    """What is said once brokers have told each other; see `_partitions`."""
    deadline = time.monotonic() + 10
    while True:
        code, said = command.run(action, *more)
        if code == 0 or time.monotonic() > deadline:
            return code, said
        time.sleep(0.1)


def test_what_differs_is_said_and_changed_only_when_asked(
    command: Command, apache: Cluster
) -> None:
    command.define(2, "1h")
    assert command.run("create")[0] == 0
    assert _settled(command, "check")[0] == 0
    command.define(5, "2h")
    queue = of_queue(command.lane, "shop.v1.Store")
    for action in ("plan", "check", "create"):
        code, said = command.run(action)
        assert code == 3
        assert f"~ {queue}: has 2 partitions, not 5\n" in said
        assert f"~ {queue}: retention.ms is 3600000, not 7200000\n" in said
    code, said = command.run("create", "--apply")
    assert (code, said.count(": changed")) == (0, 2)
    assert _settled(command, "check")[0] == 0
    command.define(1, "2h")
    code, said = command.run("create", "--apply")
    assert code == 3
    assert f"! {queue}: has 5 partitions, not 1; none can be taken away" in said
    assert _partitions(apache, queue) == 5


def test_replicas_that_cannot_be_are_refused_by_the_brokers_words(command: Command) -> None:
    command.define(1, "1h")
    code, said = command.run("create", "--replication", "3", "--min-in-sync", "2")
    assert code == 1
    assert "replication factor of 3" in said


def test_a_lane_is_emptied_of_requests_and_of_no_dead_letter(
    command: Command, apache: Cluster
) -> None:
    command.define(2, "1h")
    assert command.run("create")[0] == 0
    assert _settled(command, "check")[0] == 0
    bootstrap = apache.bootstrap_servers
    queue = of_queue(command.lane, "shop.v1.Store")
    kinds = (queue, of_inbox(command.lane, "shop"), f"{queue}.dead-letter")
    producer = Producer({"bootstrap.servers": bootstrap})
    for topic in kinds:
        producer.produce(topic, b"of a former life", partition=0)
    assert producer.flush(10) == 0
    assert [_records(bootstrap, topic) for topic in kinds] == [1, 1, 1]
    for _ in range(2):
        code, said = command.run("empty")
        assert (code, said.count(": emptied")) == (0, 2), said
        assert [_records(bootstrap, topic) for topic in kinds] == [0, 0, 1]


def _records(bootstrap: str, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "counting"})
    try:
        first, beyond = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    finally:
        consumer.close()
    return beyond - first


def test_a_lane_that_is_read_is_not_emptied(command: Command, apache: Cluster) -> None:
    command.define(2, "1h")
    assert command.run("create")[0] == 0
    queue = of_queue(command.lane, "shop.v1.Store")
    reader = Consumer(
        {
            "bootstrap.servers": apache.bootstrap_servers,
            "group.id": queue,
            "group.protocol": "consumer",
        }
    )
    reader.subscribe([queue])
    deadline = time.monotonic() + 20
    while not reader.assignment() and time.monotonic() < deadline:
        reader.poll(0.1)
    code, said = command.run("empty")
    assert (code, f"processes read {queue}; stop them" in said) == (1, True), said
    reader.close()
    assert _settled(command, "empty")[0] == 0


def test_which_lane_is_emptied_has_to_be_said() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["empty", "services.toml", "--bootstrap", "127.0.0.1:1"])
    assert refused.value.code == 2


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--bootstrap", "127.0.0.1:1", "--timeout", "2"], 1, "no broker answers at 127.0.0.1:1"),
        (["--lane", "a.b"], 2, "lane 'a.b' cannot be part of a topic's name"),
        (["--option", "no.such=1"], 1, 'No such configuration property: "no.such"'),
    ],
)
def test_what_keeps_it_from_its_work_is_said_by_its_exit_code(
    command: Command, options: list[str], code: int, said: str
) -> None:
    command.define(1, "1h")
    began = time.monotonic()
    found, told = command.run("plan", *options)
    assert (found, said in told) == (code, True), told
    assert time.monotonic() - began < 10


async def test_no_call_has_the_brokers_create_a_topic() -> None:
    with kafka.running({"auto.create.topics.enable": "true"}) as broker:
        inbox = of_inbox("blue", "tests")
        create(broker.bootstrap_servers, [Topic(inbox)])
        async with channel(Endpoint(broker.bootstrap_servers, "blue", "tests")) as opened:
            method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = opened.unary_unary(
                "/tests.Unknown/Call"
            )
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await method(b"x", timeout=20)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        known = admin.list_topics(timeout=10).topics
        assert inbox in known
        assert of_queue("blue", "tests.Unknown") not in known
