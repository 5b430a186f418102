"""Topics on Apache Kafka."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from grpc_kafka import TopicsError
from grpc_kafka.topics import Topic, create, of_inbox, of_queue

if TYPE_CHECKING:
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
