"""The standard health service, as grpcio-health-checking ships it, unchanged."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.conformance.transports import Transport, until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

type Watch = grpc.aio.UnaryStreamCall[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]


async def _stub(transport: Transport, servicer: health.aio.HealthServicer) -> _Stub:
    await transport.start(
        [], adding=lambda server: health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    )
    return _Stub(health_pb2_grpc.HealthStub(transport.channel()))


class _Stub:
    """The generated stub, asked by a service's name."""

    def __init__(self, stub: health_pb2_grpc.HealthStub) -> None:
        self._stub = stub

    async def check(self, service: str) -> int:
        request = health_pb2.HealthCheckRequest(service=service)
        answer: health_pb2.HealthCheckResponse = await self._stub.Check(request, timeout=5)
        return int(answer.status)

    def watch(self, service: str) -> Watch:
        request = health_pb2.HealthCheckRequest(service=service)
        made: Watch = self._stub.Watch(request, timeout=20)
        return made


async def _next(watch: Watch) -> int:
    answer = await asyncio.wait_for(watch.read(), 5)
    assert isinstance(answer, health_pb2.HealthCheckResponse)
    return int(answer.status)


async def test_a_check_tells_what_was_set(transport: Transport) -> None:
    servicer = health.aio.HealthServicer()
    stub = await _stub(transport, servicer)
    await servicer.set("shop", NOT_SERVING)
    assert await stub.check(health.OVERALL_HEALTH) == SERVING
    assert await stub.check("shop") == NOT_SERVING
    await servicer.set("shop", SERVING)
    assert await stub.check("shop") == SERVING


async def test_a_check_of_an_unknown_service_is_not_found(transport: Transport) -> None:
    stub = await _stub(transport, health.aio.HealthServicer())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.check("nobody")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_watch_tells_every_change(transport: Transport) -> None:
    servicer = health.aio.HealthServicer()
    stub = await _stub(transport, servicer)
    watch = stub.watch("shop")
    assert await _next(watch) == SERVICE_UNKNOWN
    for status in (SERVING, NOT_SERVING, SERVING):
        await servicer.set("shop", status)
        assert await _next(watch) == status
    await servicer.enter_graceful_shutdown()
    assert await _next(watch) == NOT_SERVING


async def test_watches_of_one_service_are_all_told(transport: Transport) -> None:
    servicer = health.aio.HealthServicer()
    stub = await _stub(transport, servicer)
    watches = [stub.watch("shop") for _ in range(3)]
    assert [await _next(each) for each in watches] == [SERVICE_UNKNOWN] * 3
    await servicer.set("shop", SERVING)
    assert [await _next(each) for each in watches] == [SERVING] * 3


async def test_a_watch_that_is_cancelled_is_let_go_by_the_servicer(transport: Transport) -> None:
    servicer = health.aio.HealthServicer()
    stub = await _stub(transport, servicer)
    watch = stub.watch("shop")
    assert await _next(watch) == SERVICE_UNKNOWN
    assert servicer._watcher_count_by_service == {"shop": 1}
    watch.cancel()
    assert await until(lambda: not servicer._watcher_count_by_service)
