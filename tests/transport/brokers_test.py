"""Brokers are killed under load: one of three, and one of one."""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from grpc_kafka.aio import server
from tests.support import kafka
from tests.transport.conftest import SERVICE, Cluster, lane_on
from tests.transport.load import TALK, Ledger, Load, codes
from tests.transport.talking import Talk, both_method, end_of, method_of, open_talk
from tests.transport.waiting import until

if TYPE_CHECKING:
    from grpc_kafka.aio import KafkaServer
    from tests.support.kafka import KafkaCluster
    from tests.transport.conftest import Lane

_ANSWER = 5.0
_SETTLED = 40.0


class Overview:
    """Which broker does what for a lane."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        address = lane.endpoint.bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": address, "log_level": 0})

    def leader_of_queue(self) -> int:
        """The leader of the queue's first partition."""
        known = self._admin.list_topics(self._lane.queue, timeout=_ANSWER)
        leader: int = known.topics[self._lane.queue].partitions[0].leader
        return leader

    def coordinator(self) -> int:
        """The coordinator of the queue's group."""
        known = self._admin.list_topics("__consumer_offsets", timeout=_ANSWER)
        partitions = known.topics["__consumer_offsets"].partitions
        # The partition of a group is that of its name, hashed as Java does it.
        code = functools.reduce(lambda sum_, each: 31 * sum_ + ord(each), self._lane.queue, 0)
        leader: int = partitions[(code & 0x7FFFFFFF) % len(partitions)].leader
        return leader

    def in_sync(self, size: int) -> bool:
        """Whether every partition lies on so many brokers that follow each other."""
        try:
            topics = self._admin.list_topics(timeout=_ANSWER).topics.values()
        except KafkaException:
            return False  # the one that was asked is not back yet
        return all(
            len(partition.isrs) == size
            for topic in topics
            for partition in topic.partitions.values()
        )


@pytest.fixture(scope="module")
def three() -> Iterator[KafkaCluster]:
    """Three brokers."""
    with kafka.running_cluster() as cluster:
        yield cluster


async def _serve(lane: Lane, ledger: Ledger, talk: Talk) -> KafkaServer:
    made = server(lane.endpoint)
    once: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(ledger)
    made.add_registered_method_handlers(SERVICE, {"Call": once, "Talk": both_method(talk)})
    await made.start()
    lane.closing.append(lambda: made.stop(None))
    return made


async def _until_in_sync(overview: Overview, size: int) -> None:
    async with asyncio.timeout(_SETTLED):
        while not await asyncio.to_thread(overview.in_sync, size):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.2)


@pytest.fixture
async def wide_lane(three: KafkaCluster) -> AsyncIterator[Lane]:
    """A lane on all of them."""
    made = lane_on(Cluster(three.bootstrap_servers, {}, creates_topics=False, replication=3))
    yield made
    await made.close()


async def test_of_three_brokers_any_one_may_be_killed(three: KafkaCluster, wide_lane: Lane) -> None:
    lane = wide_lane
    overview, ledger, talk = Overview(lane), Ledger(), Talk()
    await _serve(lane, ledger, talk)
    await lane.method()(b"warm", timeout=60)
    roles: dict[str, Callable[[], int]] = {
        "the leader of the queue": overview.leader_of_queue,
        "the coordinator of the group": overview.coordinator,
    }
    async with Load(lane.channel()) as load:
        await load.calm(_SETTLED)
        for role, find in roles.items():
            victim = await asyncio.to_thread(find)
            killed = time.monotonic()
            three.node(victim).kill()
            await load.calm(_SETTLED)
            calls, words = load.slowest(killed)
            began = time.monotonic()
            await asyncio.to_thread(three.node(victim).start)
            await _until_in_sync(overview, 3)
            back = time.monotonic() - began
            await load.calm(_SETTLED)
            _say(
                f"{role} (broker {victim}) killed: the slowest call took {calls:.1f} s, "
                f"the slowest word of a stream {words:.1f} s; in sync {back:.1f} s after its start"
            )
    _say(f"calls {codes(load.calls)}, not waiting {codes(load.hasty)}, {len(load.words)} words")
    _nothing_is_lost(load, ledger)
    assert load.ends == []
    assert set(talk.begun.values()) == {1}
    assert talk.cancelled == []


@pytest.fixture
async def lone_lane() -> AsyncIterator[Lane]:
    """A lane on a broker of its own."""
    with kafka.running() as broker:
        made = lane_on(Cluster(broker.bootstrap_servers, {}, creates_topics=False, kafka=broker))
        yield made
        await made.close()


async def test_a_single_broker_may_be_killed_and_come_back(lone_lane: Lane) -> None:
    broker, ledger, talk = lone_lane.cluster.kafka, Ledger(), Talk()
    assert broker is not None
    await _serve(lone_lane, ledger, talk)
    channel = lone_lane.channel()
    method = lone_lane.method(channel)
    await method(b"warm", timeout=60)
    assert await end_of(await open_talk(method_of(channel, TALK), b"warm")) is grpc.StatusCode.OK
    before = asyncio.all_tasks(), _threads()
    async with Load(channel) as load:
        await load.calm(_SETTLED)
        broker.kill()
        killed = time.monotonic()
        # What is called meanwhile waits.
        calls = [method(b"meanwhile %d" % number, timeout=60) for number in range(500)]
        await asyncio.sleep(1)
        await asyncio.to_thread(broker.start)
        back = time.monotonic()
        assert {await call.code() for call in calls} == {grpc.StatusCode.OK}
        await load.calm(_SETTLED)
        slow, _ = load.slowest(killed)
    _say(f"away for {back - killed:.1f} s: the slowest call took {slow:.1f} s")
    _say(f"calls {codes(load.calls)}, not waiting {codes(load.hasty)}")
    _say(f"{len(load.ends)} streams ended")
    _nothing_is_lost(load, ledger)
    assert [await call for call in calls] == [b"done meanwhile %d" % n for n in range(500)]
    assert all(ledger.effects[b"meanwhile %d" % number] for number in range(500))
    assert {told.code for told in load.ends} <= {grpc.StatusCode.UNAVAILABLE}
    assert set(talk.begun.values()) == {1}
    await until(lambda: asyncio.all_tasks() <= before[0], 20)
    await until(lambda: _threads() <= before[1], 20)


def _threads() -> int:
    """How many there are, save those that `to_thread` keeps for later."""
    return len([each for each in threading.enumerate() if not each.name.startswith("asyncio_")])


def _nothing_is_lost(load: Load, ledger: Ledger) -> None:
    assert set(codes(load.calls)) == {"OK"}
    assert set(codes(load.hasty)) <= {"OK", "UNAVAILABLE"}
    assert [what for what in load.acknowledged() if what not in ledger.effects] == []
    _say(f"{sum(count > 1 for count in ledger.effects.values())} were run again")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
