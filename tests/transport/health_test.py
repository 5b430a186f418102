"""Health that is true: brokers that do not answer, topics that are not there."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka import Endpoint, topics
from grpc_kafka.aio import channel, server
from tests.transport.conftest import SERVICE, Cluster, Lane, Method
from tests.transport.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from grpc_kafka import Health

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _echo_once(request: bytes, _context: Context) -> AsyncIterator[bytes]:
    yield request


async def _becomes(ok: bool, health: Callable[[], Health], seconds: float) -> Health:
    async with asyncio.timeout(seconds):
        while health().ok is not ok:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    return health()


async def test_health_follows_the_broker(apache_lane: Lane) -> None:
    made = await apache_lane.serve(_echo)
    opened = apache_lane.channel()
    method = apache_lane.method(opened)
    assert await method(b"x", timeout=20) == b"x"
    assert (made.healthy().ok, opened.healthy().ok) == (True, True)
    assert apache_lane.cluster.kafka is not None
    with apache_lane.cluster.kafka.frozen():
        for health in (made.healthy, opened.healthy):
            assert "no broker answers" in (await _becomes(False, health, 20)).detail
    for health in (made.healthy, opened.healthy):
        await _becomes(True, health, 30)
    assert await method(b"again", timeout=30) == b"again"


async def test_a_broker_that_is_not_there_is_no_health_and_fails_who_will_not_wait() -> None:
    endpoint = Endpoint("127.0.0.1:1", "blue", "tests")
    async with channel(endpoint) as opened:
        method: Method = opened.unary_unary(f"/{SERVICE}/Call")
        call = method(b"x", timeout=20, wait_for_ready=False)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        waiting = method(b"x", timeout=0.3)
        assert await waiting.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert opened.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        assert not opened.healthy().ok


async def test_a_service_whose_queue_has_no_topic_is_unimplemented_at_once(
    apache_lane: Lane,
) -> None:
    async with channel(apache_lane.endpoint) as opened:
        method: Method = opened.unary_unary("/tests.Unknown/Call")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(method(b"x"), 10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_queue_without_a_topic_is_no_health(apache: Cluster) -> None:
    endpoint = Endpoint(apache.bootstrap_servers, "nowhere", "tests")
    made = server(endpoint)
    handler = grpc.unary_unary_rpc_method_handler(_echo)  # type: ignore[var-annotated]
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    await until(lambda: "does not exist" in made.healthy().detail, 20)
    health = made.healthy()
    await made.stop(None)
    assert not health.ok
    assert "does not exist" in health.detail


async def test_a_server_whose_inbox_has_no_topic_says_so_once_a_stream_wants_it(
    apache: Cluster,
) -> None:
    lane = f"t{uuid.uuid4().hex[:8]}"
    names = [topics.of_queue(lane, SERVICE), topics.of_inbox(lane, "caller")]
    topics.create(apache.bootstrap_servers, [topics.Topic(name) for name in names])
    made = server(Endpoint(apache.bootstrap_servers, lane, "server"))
    handler = grpc.unary_stream_rpc_method_handler(_echo_once)  # type: ignore[var-annotated]
    made.add_registered_method_handlers(SERVICE, {"Call": handler})
    await made.start()
    assert (await _becomes(True, made.healthy, 20)).detail == "serving"
    async with channel(Endpoint(apache.bootstrap_servers, lane, "caller")) as opened:
        method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = opened.unary_stream(
            f"/{SERVICE}/Call"
        )
        call = method(b"x", timeout=40)
        detail = (await _becomes(False, made.healthy, 20)).detail
        inbox = topics.of_inbox(lane, "server")
        assert f"topic {inbox} does not exist; create it first" in detail
        await asyncio.to_thread(topics.create, apache.bootstrap_servers, [topics.Topic(inbox)])
        assert [message async for message in call] == [b"x"]
        assert made.healthy().ok
    await made.stop(None)
