"""Packages made for `grpc`, unchanged, on `grpc` itself and on its twin over real brokers."""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import grpc
import grpc_testing
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tandem.identity.v1 import identity_pb2, identity_pb2_grpc

from grpc_kafka import sync
from tests.transport.conftest import Cluster, lane_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIMEOUT = 20.0
_IDENTITY = identity_pb2.DESCRIPTOR.services_by_name["Identity"]
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

type Adding = Callable[[grpc.Server], object]
type Reach = Callable[[Adding], grpc.Channel]


class _Identity(identity_pb2_grpc.IdentityServicer):
    """One method, as a plain function."""

    def SignOut(  # noqa: N802
        self, request: identity_pb2.SignOutRequest, context: grpc.ServicerContext
    ) -> identity_pb2.SignOutResponse:
        if not request.session_secret:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "session_secret is missing")
        return identity_pb2.SignOutResponse()


def _identity() -> _Identity:
    return _Identity()  # type: ignore[abstract]  # the other methods are UNIMPLEMENTED


@pytest.fixture(params=["grpc", "embedded", "apache"])
def reach(request: pytest.FixtureRequest) -> Iterator[Reach]:
    """Starts a server of what is added to it, and gives a channel to it."""
    ends: list[Callable[[], object]] = []
    with ThreadPoolExecutor(8) as pool:

        def served(adding: Adding) -> grpc.Channel:
            if request.param == "grpc":
                server, channel = _direct(pool, adding)
            else:
                server, channel = _over(request.getfixturevalue(request.param), pool, adding)
            ends.extend((lambda: server.stop(None).wait(_TIMEOUT), channel.close))
            return channel

        yield served
        for end in reversed(ends):
            end()


def _direct(pool: ThreadPoolExecutor, adding: Adding) -> tuple[grpc.Server, grpc.Channel]:
    server = grpc.server(pool)
    adding(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, grpc.insecure_channel(f"127.0.0.1:{port}")


def _over(
    cluster: Cluster, pool: ThreadPoolExecutor, adding: Adding
) -> tuple[grpc.Server, grpc.Channel]:
    services = (health.SERVICE_NAME, reflection.SERVICE_NAME, _IDENTITY.full_name)
    endpoint = lane_on(cluster, *services).endpoint
    server = sync.server(endpoint, pool)
    adding(server)
    server.start()
    return server, sync.channel(endpoint)


def _health_of(servicer: health.HealthServicer, reach: Reach) -> health_pb2_grpc.HealthStub:
    return health_pb2_grpc.HealthStub(
        reach(lambda server: health_pb2_grpc.add_HealthServicer_to_server(servicer, server))
    )


def _status_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str | None]:
    # Every error of `grpc` is its call as well, which its stubs do not know.
    call = cast("grpc.Call", error)
    return call.code(), call.details()


def test_a_health_check_tells_what_was_set(reach: Reach) -> None:
    servicer = health.HealthServicer()
    stub = _health_of(servicer, reach)
    servicer.set("shop", _NOT_SERVING)
    for service, status in (("", _SERVING), ("shop", _NOT_SERVING)):
        request = health_pb2.HealthCheckRequest(service=service)
        assert stub.Check(request, timeout=_TIMEOUT).status == status
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=_TIMEOUT)
    assert _status_of(caught.value)[0] is grpc.StatusCode.NOT_FOUND


def test_a_health_watch_tells_changes_until_it_is_cancelled(reach: Reach) -> None:
    servicer = health.HealthServicer()
    stub = _health_of(servicer, reach)
    servicer.set("shop", _SERVING)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="shop"), timeout=_TIMEOUT)
    told: queue.Queue[int] = queue.Queue()

    def listen() -> None:
        with contextlib.suppress(grpc.RpcError):
            for answer in watch:
                told.put(answer.status)

    listening = threading.Thread(target=listen)
    listening.start()
    assert told.get(timeout=_TIMEOUT) == _SERVING
    servicer.set("shop", _NOT_SERVING)
    assert told.get(timeout=_TIMEOUT) == _NOT_SERVING
    watch.cancel()
    listening.join(_TIMEOUT)
    assert not listening.is_alive()
    assert watch.code() is grpc.StatusCode.CANCELLED


def test_contracts_are_read_through_reflection(reach: Reach) -> None:
    names = (_IDENTITY.full_name, reflection.SERVICE_NAME)
    channel = reach(lambda server: reflection.enable_server_reflection(names, server))
    database = ProtoReflectionDescriptorDatabase(channel)
    assert sorted(database.get_services()) == sorted(names)
    service = DescriptorPool(database).FindServiceByName(_IDENTITY.full_name)
    assert [each.name for each in service.methods] == [each.name for each in _IDENTITY.methods]


@pytest.mark.parametrize("secret", ["x", ""])
def test_a_servicer_of_plain_functions_does_what_it_did_in_grpc_testing(
    reach: Reach, secret: str
) -> None:
    request = identity_pb2.SignOutRequest(session_secret=secret)
    double = grpc_testing.server_from_dictionary(
        {_IDENTITY: _identity()}, grpc_testing.strict_real_time()
    )
    rpc = double.invoke_unary_unary(
        _IDENTITY.methods_by_name["SignOut"], (), request, timeout=_TIMEOUT
    )
    answer, _, code, details = rpc.termination()
    channel = reach(
        lambda server: identity_pb2_grpc.add_IdentityServicer_to_server(_identity(), server)
    )
    call = identity_pb2_grpc.IdentityStub(channel).SignOut.future(request, timeout=_TIMEOUT)
    assert (call.code(), call.details() or "") == (code, details)
    if code is grpc.StatusCode.OK:
        assert call.result() == answer


def test_client_code_does_what_it_did_in_grpc_testing(reach: Reach) -> None:
    def sign_out(channel: grpc.Channel) -> object:
        stub = identity_pb2_grpc.IdentityStub(channel)
        try:
            return stub.SignOut(identity_pb2.SignOutRequest(), timeout=_TIMEOUT)
        except grpc.RpcError as error:
            return _status_of(error)

    said = (grpc.StatusCode.INVALID_ARGUMENT, "session_secret is missing")
    double = grpc_testing.channel([_IDENTITY], grpc_testing.strict_real_time())
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(sign_out, double)
        _, _, rpc = double.take_unary_unary(_IDENTITY.methods_by_name["SignOut"])
        rpc.send_initial_metadata(())
        rpc.terminate(None, (), *said)
        assert outcome.result(_TIMEOUT) == said
    channel = reach(
        lambda server: identity_pb2_grpc.add_IdentityServicer_to_server(_identity(), server)
    )
    assert sign_out(channel) == said
