"""The twin of channel and server for code without asyncio, on real brokers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import grpc
import pytest

from grpc_kafka import sync
from grpc_kafka.testing import InMemoryBroker
from tests.transport.conftest import SERVICE, Cluster, lane_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from grpc_kafka import Endpoint

_TIMEOUT = 20.0
_SEEN: ContextVar[tuple[str, ...]] = ContextVar("_SEEN", default=())


class Echo:
    """Handlers of all arities, as plain functions and generators."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.threads: set[str] = set()

    def handlers(self) -> dict[str, grpc.RpcMethodHandler[bytes, bytes]]:
        """The methods by their names."""
        return {
            "Once": grpc.unary_unary_rpc_method_handler(self.once),
            "Pour": grpc.unary_stream_rpc_method_handler(self.pour),
            "Collect": grpc.stream_unary_rpc_method_handler(self.collect),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
        }

    def once(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer with the request; some requests are refused."""
        self.threads.add(threading.current_thread().name)
        if request != b"cancel":
            self.gate.wait(_TIMEOUT)
        context.send_initial_metadata((("first", "1"),))
        context.set_trailing_metadata((("last", "2"),))
        if request == b"cancel":
            assert context.is_active()
            context.cancel()
            assert not context.is_active()
            self.gate.wait(_TIMEOUT)
        _maybe_fail(request, context)
        if request == b"refuse":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "не сейчас")
        return request

    def pour(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer three times."""
        _maybe_fail(request, context)
        for number in range(3):
            yield request + b"%d" % number

    def collect(self, requests: Iterator[bytes], _context: grpc.ServicerContext) -> bytes:
        """Answer with all requests in one."""
        return b"".join(requests)

    def chat(self, requests: Iterator[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer each request by itself."""
        yield from requests


def _maybe_fail(request: bytes, context: grpc.ServicerContext) -> None:
    if request == b"set and fail":
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("set")
    if request.endswith(b"fail"):
        raise ZeroDivisionError("by nought")
    if request == b"exit":
        sys.exit(3)


@pytest.fixture
def endpoint(cluster: Cluster) -> Endpoint:
    """A lane on each kind of broker in turn."""
    return lane_on(cluster).endpoint


@pytest.fixture
def echo(endpoint: Endpoint) -> Iterator[Echo]:
    """A server of threads."""
    made = Echo()
    with ThreadPoolExecutor(8, thread_name_prefix="handlers") as pool:
        server = sync.server(endpoint, pool)
        server.add_registered_method_handlers(SERVICE, made.handlers())
        server.start()
        yield made
        made.gate.set()
        assert server.stop(5).wait(_TIMEOUT)
        assert server.wait_for_termination(1) is False


@pytest.fixture
def channel(endpoint: Endpoint, echo: Echo) -> Iterator[grpc.Channel]:
    """A channel to it."""
    del echo
    with sync.channel(endpoint) as made:
        yield made


def once(channel: grpc.Channel) -> grpc.UnaryUnaryMultiCallable[bytes, bytes]:
    """The unary method."""
    return channel.unary_unary(f"/{SERVICE}/Once")


def _call_of(error: grpc.RpcError) -> grpc.Call:
    """What every error of `grpc` is as well, which its stubs do not know."""
    return cast("grpc.Call", error)


def test_all_arities_are_carried(channel: grpc.Channel, echo: Echo) -> None:
    assert once(channel)(b"x", timeout=_TIMEOUT) == b"x"
    assert {name.partition("_")[0] for name in echo.threads} == {"handlers"}
    pour: Callable[..., Iterator[bytes]] = channel.unary_stream(f"/{SERVICE}/Pour")
    assert list(pour(b"x", timeout=_TIMEOUT)) == [b"x0", b"x1", b"x2"]
    collect: Callable[..., bytes] = channel.stream_unary(f"/{SERVICE}/Collect")
    assert collect(iter([b"a", b"b"]), timeout=_TIMEOUT) == b"ab"
    chat: Callable[..., Iterator[bytes]] = channel.stream_stream(f"/{SERVICE}/Chat")
    wanted = [b"%d" % number for number in range(50)]
    assert list(chat(iter(wanted), timeout=_TIMEOUT)) == wanted


def test_an_error_is_a_call_with_status_and_metadata(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        once(channel)(b"refuse", timeout=_TIMEOUT)
    call = _call_of(caught.value)
    assert call.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert call.details() == "не сейчас"
    assert tuple(call.initial_metadata()) == (("first", "1"),)
    assert tuple(call.trailing_metadata()) == (("last", "2"),)


def test_a_response_comes_with_its_call(channel: grpc.Channel) -> None:
    response, call = once(channel).with_call(b"x", timeout=_TIMEOUT)
    assert (response, call.code()) == (b"x", grpc.StatusCode.OK)
    assert not call.is_active()
    assert not call.add_callback(lambda: None)


def test_a_future_may_be_waited_for_asked_and_cancelled(channel: grpc.Channel, echo: Echo) -> None:
    once(channel)(b"warm", timeout=_TIMEOUT)
    echo.gate.clear()
    future = once(channel).future(b"x", timeout=_TIMEOUT)
    told: list[object] = []
    future.add_done_callback(told.append)
    assert future.running()
    with pytest.raises(grpc.FutureTimeoutError):
        future.result(timeout=0.05)
    assert future.cancel()
    with pytest.raises(grpc.FutureCancelledError):
        future.result(timeout=_TIMEOUT)
    assert (future.cancelled(), future.done(), told) == (True, True, [future])
    echo.gate.set()
    assert once(channel).future(b"y", timeout=_TIMEOUT).result() == b"y"


def test_a_future_that_failed_has_a_traceback(channel: grpc.Channel) -> None:
    failed = once(channel).future(b"refuse", timeout=_TIMEOUT)
    assert failed.traceback() is not None
    assert once(channel).future(b"x", timeout=_TIMEOUT).traceback() is None


def test_a_handler_may_cancel_its_call(channel: grpc.Channel, echo: Echo) -> None:
    echo.gate.clear()
    with pytest.raises(grpc.RpcError) as caught:
        once(channel)(b"cancel", timeout=_TIMEOUT)
    assert _call_of(caught.value).code() is grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("method", ["Once", "Pour"])
@pytest.mark.parametrize(
    ("request_", "code", "details"),
    [
        (b"fail", grpc.StatusCode.UNKNOWN, "Exception calling application: by nought"),
        (b"set and fail", grpc.StatusCode.NOT_FOUND, "set"),
        (b"exit", grpc.StatusCode.UNKNOWN, "Exception calling application: SystemExit: 3"),
    ],
)
def test_an_exception_of_a_handler_is_told_as_grpc_tells_it(
    channel: grpc.Channel, method: str, request_: bytes, code: grpc.StatusCode, details: str
) -> None:
    pour: Callable[..., Iterator[bytes]] = channel.unary_stream(f"/{SERVICE}/Pour")
    calls: dict[str, Callable[[], object]] = {
        "Once": lambda: once(channel)(request_, timeout=_TIMEOUT),
        "Pour": lambda: list(pour(request_, timeout=_TIMEOUT)),
    }
    with pytest.raises(grpc.RpcError) as caught:
        calls[method]()
    call = _call_of(caught.value)
    assert (call.code(), call.details()) == (code, details)
    assert once(channel)(b"x", timeout=_TIMEOUT) == b"x"


def test_a_deadline_is_an_error_of_its_own(channel: grpc.Channel, echo: Echo) -> None:
    echo.gate.clear()
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        once(channel)(b"x", timeout=0.3)
    assert _call_of(caught.value).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 5


def test_an_iterator_of_requests_that_fails_ends_the_call_as_unknown(
    channel: grpc.Channel,
) -> None:
    def fail() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("no more")

    collect: Callable[..., bytes] = channel.stream_unary(f"/{SERVICE}/Collect")
    with pytest.raises(grpc.RpcError) as caught:
        collect(fail(), timeout=_TIMEOUT)
    assert _call_of(caught.value).code() is grpc.StatusCode.UNKNOWN


def test_requests_that_ask_the_program_to_end_end_the_call_and_no_other(
    channel: grpc.Channel,
) -> None:
    def leave() -> Iterator[bytes]:
        yield b"a"
        sys.exit(3)

    collect: Callable[..., bytes] = channel.stream_unary(f"/{SERVICE}/Collect")
    with pytest.raises(grpc.RpcError) as caught:
        collect(leave(), timeout=_TIMEOUT)
    assert _call_of(caught.value).code() is grpc.StatusCode.UNKNOWN
    assert once(channel)(b"x", timeout=_TIMEOUT) == b"x"


def test_requests_that_are_no_iterator_end_the_call_as_unknown(channel: grpc.Channel) -> None:
    collect: Callable[..., grpc.Future[bytes]] = channel.stream_unary(f"/{SERVICE}/Collect").future
    failed = collect(object(), timeout=_TIMEOUT).exception()
    assert isinstance(failed, grpc.RpcError)
    assert _call_of(failed).code() is grpc.StatusCode.UNKNOWN


def test_a_channel_may_be_closed_by_many_threads_at_once(channel: grpc.Channel, echo: Echo) -> None:
    once(channel)(b"warm", timeout=_TIMEOUT)
    echo.gate.clear()
    future = once(channel).future(b"x", timeout=_TIMEOUT)
    with ThreadPoolExecutor(8) as pool:
        closing = [pool.submit(channel.close) for _ in range(8)]
        assert [each.result(_TIMEOUT) for each in closing] == [None] * 8
    assert future.code() is grpc.StatusCode.CANCELLED
    assert future.initial_metadata() == future.trailing_metadata() == ()
    assert not future.cancel()


def test_a_closed_channel_says_so(channel: grpc.Channel) -> None:
    method = once(channel)
    channel.close()
    channel.close()
    with pytest.raises(ValueError, match="closed"):
        method(b"x", timeout=_TIMEOUT)


def test_a_server_may_be_stopped_again(endpoint: Endpoint) -> None:
    with ThreadPoolExecutor(2) as pool:
        server = sync.server(endpoint, pool)
        server.add_registered_method_handlers(SERVICE, Echo().handlers())
        server.start()
        assert server.stop(None).wait(_TIMEOUT)
        assert server.stop(None).wait(_TIMEOUT)


def test_requests_that_never_come_keep_no_process_from_ending() -> None:
    program = f"""
import threading
from grpc_kafka import Endpoint, sync
from {InMemoryBroker.__module__} import InMemoryBroker

asked = threading.Event()

def never():
    asked.set()
    threading.Event().wait()
    yield b""

channel = sync.channel(Endpoint("nowhere:1", "blue", "tests"), broker=InMemoryBroker())
call = channel.stream_unary("/{SERVICE}/Collect").future(never())
asked.wait()
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program]
    subprocess.run(command, env=environment, timeout=_TIMEOUT, check=True)  # noqa: S603 - our own


def test_calls_of_many_threads_share_a_channel(channel: grpc.Channel) -> None:
    method = once(channel)
    wanted = [b"%d" % number for number in range(100)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda each: method(each, timeout=_TIMEOUT), wanted))
    assert answers == wanted


def test_a_channel_tells_that_it_is_ready(channel: grpc.Channel) -> None:
    assert grpc.channel_ready_future(channel).result(timeout=_TIMEOUT) is None


def test_handlers_run_on_any_executor(endpoint: Endpoint) -> None:
    class Own(Executor):
        def submit(self, call, /, *arguments, **named):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN003, ANN202 - generic
            return pool.submit(call, *arguments, **named)

    with ThreadPoolExecutor(2) as pool, sync.channel(endpoint) as made:
        server = sync.server(endpoint, Own())
        server.add_registered_method_handlers(SERVICE, Echo().handlers())
        server.start()
        assert once(made)(b"x", timeout=_TIMEOUT) == b"x"
        server.stop(None).wait(_TIMEOUT)


def test_what_interceptors_set_in_the_context_is_set_in_handlers(endpoint: Endpoint) -> None:
    class Add(grpc.ServerInterceptor):
        def __init__(self, before: str, after: str) -> None:
            self.before, self.after = before, after

        def intercept_service(self, continuation, handler_call_details):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - generic
            _SEEN.set((*_SEEN.get(), self.before))
            found = continuation(handler_call_details)
            _SEEN.set((*_SEEN.get(), self.after))
            return found

    def tell(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        return " ".join(_SEEN.get()).encode()

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(tell)
    with ThreadPoolExecutor(8) as pool, sync.channel(endpoint) as made:
        server = sync.server(endpoint, pool, interceptors=[Add("1", "4"), Add("2", "3")])
        server.add_registered_method_handlers(SERVICE, {"Once": handler})
        server.start()
        assert once(made)(b"", timeout=_TIMEOUT) == b"1 2 3 4"
        assert once(made)(b"", timeout=_TIMEOUT) == b"1 2 3 4"
        server.stop(None).wait(_TIMEOUT)


def test_an_interceptor_that_asks_the_program_to_end_ends_the_call_and_no_other(
    endpoint: Endpoint,
) -> None:
    class Leave(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - generic
            if dict(handler_call_details.invocation_metadata).get("leave") == "yes":
                sys.exit(3)
            return continuation(handler_call_details)

    with ThreadPoolExecutor(8) as pool, sync.channel(endpoint) as made:
        server = sync.server(endpoint, pool, interceptors=[Leave()])
        server.add_registered_method_handlers(SERVICE, Echo().handlers())
        server.start()
        with pytest.raises(grpc.RpcError) as caught:
            once(made)(b"x", metadata=(("leave", "yes"),), timeout=_TIMEOUT)
        assert _call_of(caught.value).code() is grpc.StatusCode.UNKNOWN
        assert once(made)(b"x", timeout=_TIMEOUT) == b"x"
        server.stop(None).wait(_TIMEOUT)


def test_interceptors_of_grpc_go_around_channel_and_server(endpoint: Endpoint) -> None:
    class Refuse(grpc.ServerInterceptor):
        def intercept_service(self, continuation, handler_call_details):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - generic
            if dict(handler_call_details.invocation_metadata).get("pass") != "yes":
                return grpc.unary_unary_rpc_method_handler(
                    lambda _request, context: context.abort(
                        grpc.StatusCode.PERMISSION_DENIED, "who are you?"
                    )
                )
            return continuation(handler_call_details)

    class Pass(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - generic
            return continuation(client_call_details, request + b"!")

    echo = Echo()
    with ThreadPoolExecutor(8) as pool, sync.channel(endpoint) as plain:
        server = sync.server(endpoint, pool, interceptors=[Refuse()])
        server.add_registered_method_handlers(SERVICE, echo.handlers())
        server.start()
        method = once(grpc.intercept_channel(plain, Pass()))
        assert method(b"x", metadata=(("pass", "yes"),), timeout=_TIMEOUT) == b"x!"
        with pytest.raises(grpc.RpcError) as caught:
            method(b"x", timeout=_TIMEOUT)
        assert _call_of(caught.value).code() is grpc.StatusCode.PERMISSION_DENIED
        assert server.healthy().ok
        server.stop(None).wait(_TIMEOUT)
