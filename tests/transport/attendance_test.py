"""Calls that will not wait for a server, while servers come, stop and are killed."""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from grpc_kafka import sync
from tests.support import kafka
from tests.transport import echo_server
from tests.transport.conftest import SERVICE, Cluster, Lane, Method, lane_on
from tests.transport.processes import running
from tests.transport.waiting import STALL, until_another_serves

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpc_kafka.aio import KafkaChannel

type Context = grpc.aio.ServicerContext[bytes, bytes]

_PATH = f"/{SERVICE}/Call"
_NEVER = "3600"
_FIRST_LOOK = 3.0
# So long the brokers of `infra/kafka` wait for a member's heartbeat; and two looks more.
_MISSED = 3.0 + 4.0


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


def _arities(channel: KafkaChannel) -> list[Callable[[], grpc.aio.Call]]:
    once: Method = channel.unary_unary(_PATH)
    pour: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(_PATH)
    collect: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(_PATH)
    chat: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_PATH)
    return [
        lambda: once(b"x", timeout=30, wait_for_ready=False),
        lambda: pour(b"x", timeout=30, wait_for_ready=False),
        lambda: collect(iter([b"x"]), timeout=30, wait_for_ready=False),
        lambda: chat(iter([b"x"]), timeout=30, wait_for_ready=False),
    ]


@pytest.fixture(autouse=True, scope="module")
def coordinated(apache: Cluster) -> None:
    """Have a broker that knows groups: one that is new makes their topic first."""
    consumer = Consumer({"bootstrap.servers": apache.bootstrap_servers, "group.id": "nobody"})
    deadline, known = time.monotonic() + 30, False
    while not known and time.monotonic() < deadline:
        with suppress(KafkaException):
            consumer.committed([TopicPartition("nowhere", 0)], timeout=5)
            known = True
    consumer.close()


async def _refused(call: grpc.aio.Call, lane: Lane) -> None:
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert await call.details() == f"no process serves {lane.queue}"


async def _until_served(method: Method) -> None:
    async with asyncio.timeout(30):
        served = False
        while not served:
            call = method(b"warm", timeout=30, wait_for_ready=False)
            served = await call.code() is grpc.StatusCode.OK
            await asyncio.sleep(0.05)


async def test_without_a_server_calls_fail_soon_and_with_one_they_are_answered(
    apache_lane: Lane,
) -> None:
    for number in range(4):
        took = []
        for _ in range(2):
            channel = apache_lane.channel()
            await channel.channel_ready()
            began = time.monotonic()
            await _refused(_arities(channel)[number](), apache_lane)
            took.append(time.monotonic() - began)
        assert min(took) < _FIRST_LOOK
    channel = apache_lane.channel()
    await channel.channel_ready()
    method = apache_lane.method(channel)
    await _refused(method(b"x", timeout=30, wait_for_ready=False), apache_lane)
    took = []
    for _ in range(5):
        began = time.monotonic()
        await _refused(method(b"x", timeout=30, wait_for_ready=False), apache_lane)
        took.append(time.monotonic() - began)
    # What is known already needs no look, which takes longer than this; the machine may pause.
    assert min(took) < 0.1
    await apache_lane.serve(_echo)
    began = time.monotonic()
    await _until_served(method)
    sys.stdout.write(f"served {time.monotonic() - began:.1f} s after the server started\n")


async def test_not_waiting_costs_no_time(apache_lane: Lane) -> None:
    await apache_lane.serve(_echo)
    method = apache_lane.method()
    await method(b"warm", timeout=30)
    await method(b"warm", timeout=30, wait_for_ready=False)
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(600):
        patient = number % 2 == 0
        began = time.perf_counter()
        await method(b"x" * 100, timeout=30, wait_for_ready=patient)
        took[patient].append(time.perf_counter() - began)
    waits, hastes = (statistics.median(took[patient]) for patient in (True, False))
    sys.stdout.write(f"p50 {waits * 1e3:.2f} ms waiting, {hastes * 1e3:.2f} ms not waiting\n")
    assert hastes < waits * 1.3 + 0.001


async def test_calls_end_when_the_server_stops_in_order(apache_lane: Lane) -> None:
    begun = asyncio.Event()

    async def hang(_request: bytes, _context: Context) -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return b""

    made = await apache_lane.serve(hang)
    method = apache_lane.method()
    patient = method(b"x", timeout=40)
    call = method(b"x", timeout=40, wait_for_ready=False)
    await asyncio.wait_for(begun.wait(), 20)
    await made.stop(0)
    stopped = time.monotonic()
    await _refused(call, apache_lane)
    sys.stdout.write(f"UNAVAILABLE {time.monotonic() - stopped:.1f} s after the stop\n")
    assert time.monotonic() - stopped < 4 + STALL
    await apache_lane.serve(_echo)
    assert await patient == b"x"
    await _until_served(method)


async def test_calls_end_when_the_server_is_killed(apache_lane: Lane) -> None:
    method = apache_lane.method()
    async with running(echo_server, apache_lane.endpoint, "first", _NEVER) as first:
        assert await method(b"warm", timeout=30) == b"first:warm"
        calls = [method(b"slow", timeout=40, wait_for_ready=False) for _ in range(8)]
        assert first.stdout is not None
        for _ in calls:
            assert await asyncio.wait_for(first.stdout.readline(), 20) == b"begun\n"
        first.kill()
        killed = time.monotonic()
        await asyncio.gather(*[_refused(call, apache_lane) for call in calls])
    took = time.monotonic() - killed
    sys.stdout.write(f"UNAVAILABLE {took:.1f} s after kill -9\n")
    assert took < _MISSED + STALL
    # Neither the requests nor their cancellations hold up what comes.
    await apache_lane.serve(_echo)
    await _until_served(method)


async def test_with_a_second_server_nothing_fails_when_the_first_is_killed(
    apache_lane: Lane,
) -> None:
    method = apache_lane.method()
    async with running(echo_server, apache_lane.endpoint, "first", _NEVER) as first:
        assert await method(b"warm", timeout=30) == b"first:warm"
        calls = [method(b"slow", timeout=40, wait_for_ready=False) for _ in range(4)]
        assert first.stdout is not None
        assert await asyncio.wait_for(first.stdout.readline(), 20) == b"begun\n"
        async with running(echo_server, apache_lane.endpoint, "second", "0"):
            await until_another_serves(method, b"second")
            first.kill()
            assert set(await asyncio.gather(*calls)) == {b"second:slow"}


async def _are_sent_as_ever(lane: Lane, caplog: pytest.LogCaptureFixture, why: str) -> None:
    method = lane.method()
    for _ in range(3):
        call = method(b"x", timeout=1, wait_for_ready=False)
        assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    [said] = [each for each in warnings if "cannot be told" in each]
    assert why in said


async def test_where_groups_cannot_be_listed_calls_are_sent_as_ever(
    embedded: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    lane = lane_on(embedded)
    await lane.method()(b"warm", timeout=1).code()
    await _are_sent_as_ever(lane, caplog, "_UNSUPPORTED_FEATURE")
    await lane.close()


async def test_where_groups_may_not_be_seen_calls_are_sent_as_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    authorizing = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }
    with kafka.running(authorizing) as broker:
        lane = lane_on(Cluster(broker.bootstrap_servers, {}, creates_topics=False))
        denied = AclBinding(
            ResourceType.GROUP,
            lane.queue,
            ResourcePatternType.LITERAL,
            "User:ANONYMOUS",
            "*",
            AclOperation.DESCRIBE,
            AclPermissionType.DENY,
        )
        admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        admin.create_acls([denied])[denied].result(20)
        await lane.method()(b"warm", timeout=5).code()
        await _are_sent_as_ever(lane, caplog, "may it be described")
        await lane.close()


def test_threads_need_not_wait_either(apache: Cluster) -> None:
    lane = lane_on(apache)
    with sync.channel(lane.endpoint) as channel:
        once: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_PATH)
        chat: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_PATH)
        call = once.future(b"x", timeout=30, wait_for_ready=False)
        stream = chat(iter([b"x"]), timeout=30, wait_for_ready=False)
        assert call.code() is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError):
            next(stream)
        assert stream.code() is grpc.StatusCode.UNAVAILABLE
        with ThreadPoolExecutor(2) as pool:
            server = sync.server(lane.endpoint, pool)
            server.add_registered_method_handlers(
                SERVICE, {"Call": grpc.unary_unary_rpc_method_handler(lambda request, _: request)}
            )
            server.start()
            assert once(b"x", timeout=30) == b"x"
            deadline = time.monotonic() + 30
            while once.future(b"x", timeout=30, wait_for_ready=False).exception() is not None:
                assert time.monotonic() < deadline
            server.stop(1).wait(20)
