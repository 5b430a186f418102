from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

import grpc
import pytest

from grpc_kafka.aio import server
from grpc_kafka.aio.conftest import echo, error_of, settled

if TYPE_CHECKING:
    from grpc_kafka.aio.conftest import Rig

type Context = grpc.aio.ServicerContext[bytes, bytes]


async def test_a_context_tells_what_came(rig: Rig) -> None:
    seen: dict[str, object] = {}

    async def look(request: bytes, context: Context) -> bytes:
        first, second = tuple(context.invocation_metadata() or ())
        seen["metadata"] = [(each.key, each.value) for each in (first, second)]  # type: ignore[attr-defined]
        seen["peer"] = context.peer()
        seen["left"] = context.time_remaining()
        seen["rest"] = (
            context.code(), context.details(), context.trailing_metadata(), context.cancelled(),
            context.done(), context.auth_context(), context.peer_identities(),
            context.peer_identity_key(),
        )  # fmt: skip
        context.set_compression(grpc.Compression.Gzip)
        context.disable_next_message_compression()
        for misused in (context.read(), context.write(b"x")):
            with pytest.raises(grpc.aio.UsageError):
                await misused
        return request

    await rig.serve(look)
    await rig.method()(b"x", timeout=5, metadata=(("k", "v"), ("k-bin", b"\x01")))
    assert seen["metadata"] == [("k", "v"), ("k-bin", b"\x01")]
    assert str(seen["peer"]).startswith("kafka:blue.tests.inbox/")
    assert isinstance(seen["left"], float)
    assert 4 < seen["left"] <= 5
    assert seen["rest"] == (None, "", (), False, False, {}, None, None)


async def test_without_a_deadline_no_time_is_told(rig: Rig) -> None:
    async def look(_request: bytes, context: Context) -> bytes:
        return repr(context.time_remaining()).encode()

    await rig.serve(look)
    assert await rig.method()(b"x") == b"None"


async def test_a_status_set_by_the_handler_discards_its_answer(rig: Rig) -> None:
    async def refuse(request: bytes, context: Context) -> bytes:
        context.set_code(grpc.StatusCode.ALREADY_EXISTS)
        context.set_details("there is one")
        assert context.code() is grpc.StatusCode.ALREADY_EXISTS
        assert context.details() == "there is one"
        return request

    await rig.serve(refuse)
    error = await error_of(rig.method()(b"x"))
    assert (error.code(), error.details()) == (grpc.StatusCode.ALREADY_EXISTS, "there is one")


async def test_an_exception_is_unknown_in_the_words_of_grpc(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_request: bytes, context: Context) -> bytes:
        context.set_trailing_metadata((("k", "v"),))
        raise KeyError("boom")

    await rig.serve(fail)
    error = await error_of(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.UNKNOWN
    assert error.details() == "Unexpected <class 'KeyError'>: 'boom'"
    assert tuple(error.trailing_metadata()) == (("k", "v"),)
    assert "Unexpected [KeyError] raised by servicer method [/test.Echo/Call]" in caplog.text


async def test_an_exception_after_set_code_keeps_the_code(rig: Rig) -> None:
    async def fail(_request: bytes, context: Context) -> bytes:
        context.set_code(grpc.StatusCode.DATA_LOSS)
        raise ValueError("boom")

    await rig.serve(fail)
    assert (await error_of(rig.method()(b"x"))).code() is grpc.StatusCode.DATA_LOSS


async def test_abort_misused_is_told_to_the_handler(rig: Rig) -> None:
    told: list[str] = []

    async def misuse(_request: bytes, context: Context) -> bytes:
        with pytest.raises(grpc.aio.UsageError) as caught:
            await context.abort(grpc.StatusCode.OK)
        told.append(str(caught.value))
        context.set_details("kept")
        with pytest.raises(grpc.aio.AbortError):
            await context.abort(grpc.StatusCode.ABORTED)
        with pytest.raises(grpc.aio.UsageError) as caught:
            await context.abort(grpc.StatusCode.ABORTED)
        told.append(str(caught.value))
        return b"suppressed"

    await rig.serve(misuse)
    error = await error_of(rig.method()(b"x"))
    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "kept")
    assert told == ["abort() takes a status code other than OK", "Abort already called!"]


async def test_details_that_are_no_text_are_refused_where_they_are_set(rig: Rig) -> None:
    async def fail(request: bytes, context: Context) -> bytes:
        if request == b"set":
            context.set_details(b"bytes")  # type: ignore[arg-type]
        await context.abort(grpc.StatusCode.ABORTED, ValueError("boom"))  # type: ignore[arg-type]

    await rig.serve(fail)
    method = rig.method()
    for request in (b"set", b"abort"):
        error = await error_of(method(request, timeout=5))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert "details" in (error.details() or "")


async def test_an_answer_that_is_no_bytes_is_unknown_and_none_is_empty(rig: Rig) -> None:
    made = server(rig.endpoint, broker=rig.broker)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "None": grpc.unary_unary_rpc_method_handler(echo, None, lambda _: None),  # type: ignore[arg-type,return-value]
        "Number": grpc.unary_unary_rpc_method_handler(echo, None, lambda _: 5),  # type: ignore[arg-type,return-value]
    }
    made.add_registered_method_handlers("test.Echo", handlers)
    await made.start()
    assert await rig.method(name="None")(b"x", timeout=5) == b""
    error = await error_of(rig.method(name="Number")(b"x", timeout=5))
    assert error.code() is grpc.StatusCode.UNKNOWN
    await made.stop(None)


async def test_a_foreign_abort_error_is_unknown(rig: Rig) -> None:
    async def fail(_request: bytes, _context: Context) -> bytes:
        raise grpc.aio.AbortError("not by abort()")

    await rig.serve(fail)
    assert (await error_of(rig.method()(b"x"))).code() is grpc.StatusCode.UNKNOWN


async def test_abort_with_status_carries_rich_details(rig: Rig) -> None:
    class Rich(grpc.Status):
        code = grpc.StatusCode.INVALID_ARGUMENT
        details = "three things are wrong"
        trailing_metadata = (("grpc-status-details-bin", b"\x08\x03"),)

    async def refuse(_request: bytes, context: Context) -> bytes:
        await context.abort_with_status(Rich())

    await rig.serve(refuse)
    error = await error_of(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert tuple(error.trailing_metadata()) == (("grpc-status-details-bin", b"\x08\x03"),)


async def test_initial_metadata_is_sent_once(rig: Rig) -> None:
    async def twice(_request: bytes, context: Context) -> bytes:
        await context.send_initial_metadata(())
        await context.send_initial_metadata(())
        return b""

    await rig.serve(twice)
    assert "already sent" in str((await error_of(rig.method()(b"x"))).details())


async def test_a_plain_function_runs_in_a_thread_of_its_own(rig: Rig) -> None:
    def plain(request: bytes, context: Context) -> bytes:
        context.set_trailing_metadata(
            (("thread", str(threading.current_thread() is threading.main_thread())),)
        )
        return request

    await rig.serve(plain)
    call = rig.method()(b"x")
    assert await call == b"x"
    assert tuple(await call.trailing_metadata()) == (("thread", "False"),)


async def test_a_plain_function_learns_that_its_call_is_over(rig: Rig) -> None:
    over = threading.Event()

    def plain(request: bytes, context: grpc.ServicerContext) -> bytes:
        assert context.add_callback(over.set)
        assert not over.is_set()
        return request

    await rig.serve(plain)  # type: ignore[arg-type]
    assert await rig.method()(b"x", timeout=5) == b"x"
    await settled()
    assert over.is_set()


async def test_a_plain_function_can_abort(rig: Rig) -> None:
    def plain(_request: bytes, context: Context) -> bytes:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now")  # type: ignore[unused-coroutine]
        return b"unreached"

    await rig.serve(plain)
    error = await error_of(rig.method()(b"x"))
    assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not now")


async def test_an_unknown_method_of_a_served_service_is_unimplemented(rig: Rig) -> None:
    await rig.serve(echo)
    error = await error_of(rig.method(name="Other")(b"x"))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


async def test_a_streaming_method_called_as_a_unary_one_is_unimplemented(rig: Rig) -> None:
    made = server(rig.endpoint, broker=rig.broker)
    handler = grpc.unary_stream_rpc_method_handler(lambda _request, _context: iter(()))  # type: ignore[var-annotated]
    made.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("test.Echo", {"Call": handler})]
    )
    await made.start()
    error = await error_of(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    await made.stop(None)


async def test_generic_handlers_serve_the_services_named_beside_them(rig: Rig) -> None:
    class Generic(grpc.GenericRpcHandler):
        def service(
            self, handler_call_details: grpc.HandlerCallDetails
        ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
            known = handler_call_details.method == "/test.Echo/Call"
            return grpc.unary_unary_rpc_method_handler(echo) if known else None

    made = server(rig.endpoint, handlers=[Generic()], services=["test.Echo"], broker=rig.broker)
    await made.start()
    assert await rig.method()(b"x") == b"x"
    assert (await error_of(rig.method(name="No")(b"x"))).code() is grpc.StatusCode.UNIMPLEMENTED
    await made.stop(None)


async def test_a_service_that_is_added_to_a_running_server_is_served(rig: Rig) -> None:
    made = await rig.serve(echo)
    handler = grpc.unary_unary_rpc_method_handler(echo)  # type: ignore[var-annotated]
    made.add_registered_method_handlers("test.Late", {"Call": handler})
    assert await rig.method(service="test.Late")(b"x", timeout=5) == b"x"


async def test_a_server_that_nobody_could_call_does_not_start(rig: Rig) -> None:
    made = server(rig.endpoint, broker=rig.broker)
    assert not made.healthy().ok
    with pytest.raises(grpc.aio.UsageError, match="no service"):
        await made.start()
    with pytest.raises(AttributeError, match=r"no grpc\.GenericRpcHandler"):
        made.add_generic_rpc_handlers([object()])  # type: ignore[list-item]
    with pytest.raises(grpc.aio.UsageError, match="no port"):
        made.add_insecure_port("[::]:1")
    with pytest.raises(grpc.aio.UsageError, match="no port"):
        made.add_secure_port("[::]:1", grpc.ssl_server_credentials([(b"", b"")]))


@pytest.mark.parametrize(
    "settings",
    [
        {"maximum_concurrent_rpcs": 0},
        {"interceptors": [object()]},
        {"options": [("grpc.max_receive_message_length", "big")]},
    ],
)
async def test_wrong_settings_are_refused_at_once(rig: Rig, settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"positive|Interceptor|number of bytes"):
        server(rig.endpoint, broker=rig.broker, **settings)  # type: ignore[arg-type]


async def test_the_servers_limits_hold_in_both_directions(rig: Rig) -> None:
    async def double(request: bytes, _context: Context) -> bytes:
        return request * 2

    options = [("grpc.max_receive_message_length", 10), ("grpc.max_send_message_length", 10)]
    await rig.serve(double, options=options)
    method = rig.method()
    received = await error_of(method(bytes(11)))
    assert received.details() == "SERVER: Received message larger than max (11 vs. 10)"
    sent = await error_of(method(bytes(6)))
    assert sent.details() == "SERVER: Sent message larger than max (12 vs. 10)"
    assert {received.code(), sent.code()} == {grpc.StatusCode.RESOURCE_EXHAUSTED}


async def test_an_error_past_a_records_size_keeps_its_status(rig: Rig) -> None:
    async def rage(_request: bytes, context: Context) -> bytes:
        context.set_trailing_metadata((("much", "x" * 400_000),))
        await context.abort(grpc.StatusCode.NOT_FOUND, "no " * 400_000)

    await rig.serve(rage)
    error = await error_of(rig.method()(b"x", timeout=5))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert (error.details() or "").startswith("no no no")


async def test_no_more_handlers_run_at_once_than_allowed(rig: Rig) -> None:
    running, most = 0, 0

    async def count(request: bytes, _context: Context) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return request

    await rig.serve(count, maximum_concurrent_rpcs=3)
    method = rig.method()
    wanted = [str(number).encode() for number in range(100)]
    assert await asyncio.gather(*[method(each) for each in wanted]) == wanted
    assert most == 3


async def test_a_long_backlog_of_handlers_that_wait_for_nothing_is_worked_off(rig: Rig) -> None:
    first = asyncio.Event()

    async def work(request: bytes, _context: Context) -> bytes:
        if request == b"first":
            await first.wait()
        return request

    await rig.serve(work, maximum_concurrent_rpcs=1)
    method = rig.method()
    calls = [method(b"first"), *[method(b"next") for _ in range(2000)]]
    await asyncio.sleep(0.05)
    first.set()
    assert await asyncio.gather(*calls) == [b"first", *[b"next"] * 2000]


async def test_an_abort_after_the_cancellation_answers_nobody(rig: Rig) -> None:
    aborted = asyncio.Event()

    async def insist(_request: bytes, context: Context) -> bytes:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            aborted.set()
            await context.abort(grpc.StatusCode.ABORTED)
        return b""

    await rig.serve(insist)
    call = rig.method()(b"x")
    await settled()
    call.cancel()
    await asyncio.wait_for(aborted.wait(), 20)
    await settled()
    assert rig.broker.records("blue.tests.inbox") == []


async def test_done_callbacks_run_and_one_that_fails_harms_nobody(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[object] = []

    async def listen(request: bytes, context: Context) -> bytes:
        def fail(ctx: Context) -> None:
            raise ValueError(ctx.peer())

        def note(ctx: Context) -> None:
            done.append(ctx.done())

        context.add_done_callback(fail)  # type: ignore[arg-type]
        context.add_done_callback(note)  # type: ignore[arg-type]
        return request

    await rig.serve(listen)
    with caplog.at_level(logging.ERROR):
        assert await rig.method()(b"x") == b"x"
    assert done == [True]
    assert "done callback" in caplog.text


async def test_a_handler_that_cancels_itself_is_answered(rig: Rig) -> None:
    async def give_up(_request: bytes, _context: Context) -> bytes:
        raise asyncio.CancelledError

    await rig.serve(give_up)
    error = await error_of(rig.method()(b"x"))
    assert error.code() is grpc.StatusCode.CANCELLED
