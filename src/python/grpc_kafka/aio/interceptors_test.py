from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest

from grpc_kafka.aio import channel
from grpc_kafka.aio.conftest import settled

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]
type Call[Q, A] = grpc.aio.UnaryUnaryCall[Q, A]
type GoOn[Q, A] = Callable[[grpc.aio.ClientCallDetails, Q], Awaitable[Call[Q, A]]]


async def _echo(request: bytes, context: Context) -> bytes:
    context.set_trailing_metadata(tuple(context.invocation_metadata() or ()))
    return request


class Marking(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, mark: str) -> None:
        self._mark = mark

    async def intercept_unary_unary[Q, A](
        self,
        continuation: GoOn[Q, A],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> Call[Q, A]:
        metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()))
        metadata.add("mark", self._mark)
        assert cast("object", client_call_details.method) == b"/test.Echo/Call"
        details = grpc.aio.ClientCallDetails(
            client_call_details.method,
            client_call_details.timeout,
            metadata,
            None,
            client_call_details.wait_for_ready,
        )
        return await continuation(details, request)


class Answering(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary[Q, A](
        self,
        continuation: GoOn[Q, A],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> A:
        del continuation, client_call_details, request
        return cast("A", b"from a cache")


class Failing(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def intercept_unary_unary[Q, A](
        self,
        continuation: GoOn[Q, A],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> A:
        del continuation, client_call_details, request
        raise self._error


class Dawdling(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    async def intercept_unary_unary[Q, A](
        self,
        continuation: GoOn[Q, A],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> Call[Q, A]:
        await asyncio.sleep(self._seconds)
        return await continuation(client_call_details, request)


async def test_client_interceptors_run_in_their_order(rig: Rig) -> None:
    await rig.serve(_echo)
    method = rig.method(rig.channel(interceptors=[Marking("1"), Marking("2")]))
    call = method(b"x", timeout=5, metadata=(("own", "0"),))
    seen: list[object] = []
    call.add_done_callback(seen.append)
    assert call.time_remaining() is not None
    assert await call == b"x"
    assert tuple(await call.trailing_metadata()) == (("own", "0"), ("mark", "1"), ("mark", "2"))
    assert tuple(await call.initial_metadata()) == ()
    assert await call.code() is grpc.StatusCode.OK
    assert await call.details() == ""
    assert await call.debug_error_string() == ""  # type: ignore[attr-defined]
    await call.wait_for_connection()
    await asyncio.sleep(0)
    assert seen == [call]
    call.add_done_callback(seen.append)
    await asyncio.sleep(0)
    assert len(seen) == 2
    assert call.done()
    assert not call.cancelled()
    assert not call.cancel()


async def test_an_interceptor_may_answer_in_place_of_the_server(rig: Rig) -> None:
    method = rig.method(rig.channel(interceptors=[Answering()]))
    call = method(b"x", timeout=5)
    assert [await call, await call] == [b"from a cache"] * 2
    seen: list[object] = []
    call.add_done_callback(seen.append)
    await call.wait_for_connection()
    await asyncio.sleep(0)
    assert seen == [call]
    assert await call.code() is grpc.StatusCode.OK
    assert await call.details() == ""
    assert await call.initial_metadata() is None
    assert await call.trailing_metadata() is None
    assert call.done()
    assert not call.cancelled()
    assert not call.cancel()
    assert call.time_remaining() is not None
    assert rig.broker.records(rig.queue) == []


async def test_an_interceptors_rpc_error_is_the_calls(rig: Rig) -> None:
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.aio.Metadata(("a", "1")),
        grpc.aio.Metadata(("b", "2")),
        details="no",
    )
    call = rig.method(rig.channel(interceptors=[Failing(error)]))(b"x")
    seen: list[object] = []
    call.add_done_callback(seen.append)
    with pytest.raises(grpc.aio.AioRpcError):
        await call
    assert await call.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await call.details() == "no"
    assert tuple(await call.initial_metadata()) == (("a", "1"),)
    assert tuple(await call.trailing_metadata()) == (("b", "2"),)
    assert await call.debug_error_string() == "PERMISSION_DENIED:no"  # type: ignore[attr-defined]
    assert call.done()
    assert not call.cancelled()
    call.add_done_callback(seen.append)
    assert seen == [call, call]


async def test_an_interceptors_bug_is_raised_as_it_is(rig: Rig) -> None:
    call = rig.method(rig.channel(interceptors=[Failing(KeyError("bug"))]))(b"x")
    with pytest.raises(KeyError):
        await call
    with pytest.raises(KeyError):
        await call.code()


async def test_a_call_can_be_cancelled_while_an_interceptor_works(rig: Rig) -> None:
    call = rig.method(rig.channel(interceptors=[Dawdling()]))(b"x")
    await asyncio.sleep(0.01)
    assert not call.done()
    assert not call.cancelled()
    assert call.time_remaining() is None
    assert call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details() == "Locally cancelled by application!"
    assert await call.initial_metadata() is None
    assert await call.trailing_metadata() is None
    assert await call.debug_error_string() == ""  # type: ignore[attr-defined]
    assert call.cancelled()
    assert rig.broker.records(rig.queue) == []


async def test_a_call_behind_interceptors_is_cancelled_on_the_wire(rig: Rig) -> None:
    async def sleep(_request: bytes, _context: Context) -> bytes:
        await asyncio.sleep(60)
        return b""

    await rig.serve(sleep)
    call = rig.method(rig.channel(interceptors=[Marking("1")]))(b"x")
    await settled()
    assert call.cancel()
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert call.cancelled()
    assert len(rig.broker.records(rig.queue)) == 2


async def test_a_channel_closed_while_an_interceptor_works_carries_nothing_more(rig: Rig) -> None:
    channel = rig.channel(interceptors=[Dawdling(0.02)])
    call = rig.method(channel)(b"x")
    await asyncio.sleep(0)
    await channel.close()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert rig.broker.records(rig.queue) == []


async def test_what_is_no_interceptor_is_refused(rig: Rig) -> None:
    with pytest.raises(ValueError, match="ClientInterceptor"):
        channel(rig.endpoint, interceptors=[object()], broker=rig.broker)  # type: ignore[list-item]


class Guard(grpc.aio.ServerInterceptor):
    def __init__(self, log: list[str], name: str) -> None:
        self._log = log
        self._name = name

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        self._log.append(f"{self._name} {handler_call_details.method}")
        metadata = dict(handler_call_details.invocation_metadata)
        return None if "stop" in metadata else await continuation(handler_call_details)


async def test_server_interceptors_run_in_their_order_and_may_refuse(rig: Rig) -> None:
    log: list[str] = []
    await rig.serve(_echo, interceptors=[Guard(log, "outer"), Guard(log, "inner")])
    method = rig.method()
    assert await method(b"x") == b"x"
    assert log == ["outer /test.Echo/Call", "inner /test.Echo/Call"]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await method(b"x", metadata=(("stop", "1"),))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
