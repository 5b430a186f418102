"""The edge: no store, deadline or bug shows the caller more than it should see."""

from pathlib import Path

import grpc
import pytest
import structlog.testing
from tandem.identity.v1 import identity_pb2 as pb

from services.identity import deadline
from services.identity.testing import PASSWORD, TIMEOUT, running


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.PERMISSION_DENIED,
    ],
)
@pytest.mark.parametrize(
    "request_name",
    ["CountAttemptRequest", "GetCredentialRequest", "CreateAccountRequest", "CreateSessionRequest"],
)
async def test_store_that_does_not_answer_makes_the_service_unavailable(
    tmp_path: Path, request_name: str, code: grpc.StatusCode
) -> None:
    async with running(tmp_path) as identity:
        identity.stores.failures[request_name] = code
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await identity.sign_up()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.details() == "The service cannot answer at the moment. Try again soon."


async def test_bug_is_logged_and_told_nobody(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        identity.stores.failures["CreateAccountRequest"] = grpc.StatusCode.FAILED_PRECONDITION
        with (
            structlog.testing.capture_logs() as logs,
            pytest.raises(grpc.aio.AioRpcError) as caught,
        ):
            await identity.sign_up()
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "CreateAccount" not in str(caught.value.details())
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["call failed"]


async def test_call_with_no_time_left_for_the_stores_asks_none(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await identity.stub.SignIn(pb.SignInRequest(), timeout=0.04)
        assert identity.stores.requests == []
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_inner_calls_end_before_the_outer_one(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        times = [seconds for seconds in identity.stores.times if seconds is not None]
    assert len(times) == len(identity.stores.requests)
    assert all(0 < seconds < TIMEOUT - deadline.MARGIN / 2 for seconds in times)


async def test_call_without_a_deadline_is_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        request = pb.SignInRequest(email="ada@example.org", password=PASSWORD)
        identity.stores.times.clear()
        assert (await identity.stub.SignIn(request)).grant.access_token
        times = [seconds for seconds in identity.stores.times if seconds is not None]
    assert len(times) == 6
    assert all(0 < seconds < deadline.DEFAULT + 1 for seconds in times)


async def test_no_secret_and_no_address_is_ever_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logs:
        async with running(tmp_path) as identity:
            grant = await identity.sign_up()
            await identity.sign_up(account_id=grant.account_id)
            for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION):
                identity.stores.failures["UseSessionRequest"] = code
                request = pb.RenewAccessRequest(session_secret=grant.session_secret)
                with pytest.raises(grpc.aio.AioRpcError):
                    await identity.stub.RenewAccess(request, timeout=TIMEOUT)
            identity.stores.failures["GetCredentialRequest"] = grpc.StatusCode.FAILED_PRECONDITION
            with pytest.raises(grpc.aio.AioRpcError):
                await identity.sign_in()
    written = f"{logs} {caplog.text}"
    assert "call failed" in written
    hashed = identity.stores.accounts[grant.account_id].password_hash
    for secret in (PASSWORD, hashed, grant.session_secret, grant.access_token, "ada@", "192.0.2"):
        assert secret not in written
