"""Signing in: one answer to both failures, limits, hashes that follow their parameters."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import grpc
import pytest
import structlog.testing
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from tandem.database.v1.attempts_pb2 import CountAttemptRequest
from tandem.identity.v1 import identity_pb2 as pb

from services.identity.testing import EMAIL, PASSWORD, TIMEOUT, Running, running


async def refusal(identity: Running, **changes: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await identity.sign_in(**changes)
    return caught.value


async def test_right_password_opens_a_session_with_a_token_of_it(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        account_id = (await identity.sign_up()).account_id
        grant = await identity.sign_in(email=" ADA@example.org ")
        assert grant.account_id == account_id
        request = pb.ListSessionsRequest(access_token=grant.access_token)
        sessions = (await identity.stub.ListSessions(request, timeout=TIMEOUT)).sessions
        assert [s.id for s in sessions if s.current] == [grant.session_id]
        assert [s.user_agent for s in sessions] == ["Safari", "Firefox"]


FAILURES: Mapping[str, Mapping[str, str]] = {
    "wrong password": {"password": "wrong horse"},
    "no such account": {"email": "nobody@example.org"},
    "no e-mail address": {"email": "nobody"},
}


async def test_all_failures_get_one_answer_after_the_same_work(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        answers, work = set(), {}
        for name, changes in FAILURES.items():
            identity.hashes.count = 0
            identity.stores.requests.clear()
            error = await refusal(identity, **changes)
            answers.add((error.code(), error.details(), str(error.trailing_metadata())))
            work[name] = (identity.hashes.count, identity.stores.names())
    assert len(answers) == 1
    assert answers.pop()[0] is grpc.StatusCode.UNAUTHENTICATED
    counts = ["CountAttemptRequest"] * 3
    assert work == {
        "wrong password": (1, [*counts, "GetCredentialRequest"]),
        "no such account": (1, [*counts, "GetCredentialRequest"]),
        "no e-mail address": (1, counts),
    }


async def test_attempts_of_one_client_at_one_address_are_limited_and_keep_no_other_client_out(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, sign_in_limit_per_pair=3, sign_in_window=90) as identity:
        await identity.sign_up()
        for _ in range(3):
            await refusal(identity, password="wrong horse", client_address="192.0.2.1")
        identity.hashes.count = 0
        error = await refusal(identity, email="Ada@Example.org", client_address="192.0.2.1")
        assert identity.hashes.count == 0
        assert (await identity.sign_in(client_address="192.0.2.2")).access_token
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error.details() == "Too many attempts. Try again in 2 minutes."
    status = rpc_status.from_call(error)
    info = RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.seconds == 90


async def test_attempts_of_many_clients_at_one_address_have_a_ceiling(tmp_path: Path) -> None:
    async with running(tmp_path, sign_in_limit_per_email=3) as identity:
        await identity.sign_up()
        for number in range(3):
            await refusal(identity, password="wrong horse", client_address=f"192.0.2.{number}")
        error = await refusal(identity, client_address="192.0.2.200")
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_what_one_client_may_not_try_does_not_count_towards_the_ceiling(
    tmp_path: Path,
) -> None:
    limits = {"sign_in_limit_per_pair": 2, "sign_in_limit_per_email": 3}
    async with running(tmp_path, **limits) as identity:
        await identity.sign_up()
        for _ in range(8):
            await refusal(identity, password="wrong horse")
        assert (await identity.sign_in(client_address="192.0.2.200")).access_token


async def test_clients_without_an_address_are_limited_as_one(tmp_path: Path) -> None:
    async with running(tmp_path, sign_in_limit_per_pair=2) as identity:
        await identity.sign_up()
        for _ in range(2):
            await refusal(identity, password="wrong horse", client_address="")
        error = await refusal(identity, client_address="")
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_guesses_at_the_same_time_do_not_pass_the_limit_together(tmp_path: Path) -> None:
    async with running(tmp_path, sign_in_limit_per_pair=3) as identity:
        await identity.sign_up()
        identity.hashes.count = 0
        guesses = (refusal(identity, password=f"guess {number}") for number in range(12))
        codes = [error.code() for error in await asyncio.gather(*guesses)]
    assert codes.count(grpc.StatusCode.UNAUTHENTICATED) == identity.hashes.count == 3


async def test_attempts_of_one_client_are_limited_at_all_addresses(tmp_path: Path) -> None:
    async with running(tmp_path, sign_in_limit_per_client=2) as identity:
        await identity.sign_up(client_address="198.51.100.1")
        for number in range(2):
            await refusal(
                identity, email=f"{number}@example.org", client_address=f"2001:db8::{number}"
            )
        error = await refusal(identity, client_address="2001:db8::ffff:1")
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await identity.sign_in(client_address="2001:db8:1::1")).access_token


async def test_success_uses_up_no_allowance(tmp_path: Path) -> None:
    limits = {
        "sign_in_limit_per_pair": 2,
        "sign_in_limit_per_client": 2,
        "sign_in_limit_per_email": 2,
    }
    async with running(tmp_path, **limits) as identity:
        await identity.sign_up()
        for _ in range(5):
            assert (await identity.sign_in()).access_token


async def test_success_gives_back_no_guess_at_others_or_by_others(tmp_path: Path) -> None:
    limits = {"sign_in_limit_per_client": 3, "sign_in_limit_per_email": 3}
    async with running(tmp_path, **limits) as identity:
        await identity.sign_up()
        await refusal(identity, email="eve@example.org")
        await refusal(identity, password="wrong horse", client_address="192.0.2.1")
        await refusal(identity, password="wrong horse", client_address="192.0.2.1")
        assert (await identity.sign_in()).access_token
        await refusal(identity, email="eve@example.org")
        await refusal(identity, email="eve@example.org")
        by_client = await refusal(identity, email="eve@example.org")
        await refusal(identity, password="wrong horse", client_address="192.0.2.2")
        at_address = await refusal(identity, client_address="192.0.2.3")
    codes = {by_client.code(), at_address.code()}
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}


async def test_success_forgets_the_mistakes_of_its_client_at_its_address(tmp_path: Path) -> None:
    async with running(tmp_path, sign_in_limit_per_pair=2) as identity:
        await identity.sign_up()
        for _ in range(3):
            await refusal(identity, password="wrong horse")
            assert (await identity.sign_in()).access_token


async def test_store_of_attempts_sees_digests_only(tmp_path: Path) -> None:
    async with running(tmp_path, attempt_digest_key="one" * 11) as identity:
        await identity.sign_up()
        await identity.sign_in()
        counted = [r for r in identity.stores.requests if isinstance(r, CountAttemptRequest)]
    keys = {request.key for request in counted}
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 6, "sign-up and sign-in are counted apart; client, address and both, too"
    async with running(tmp_path, attempt_digest_key="two" * 11) as identity:
        await identity.sign_up()
        counted = [r for r in identity.stores.requests if isinstance(r, CountAttemptRequest)]
    assert keys.isdisjoint(request.key for request in counted)


async def test_hash_follows_changed_parameters_at_the_next_sign_in(tmp_path: Path) -> None:
    async with (
        running(tmp_path / "old") as old,
        running(tmp_path / "new", password_hash_time_cost=2) as new,
    ):
        account_id = (await old.sign_up()).account_id
        new.stores.accounts.update(old.stores.accounts)
        await new.sign_in()
        renewed = new.stores.accounts[account_id].password_hash
        assert "t=2" in renewed
        await new.sign_in()
        assert new.stores.accounts[account_id].password_hash == renewed


@pytest.mark.parametrize(
    "request_name",
    ["ForgetAttemptsRequest", "RefundAttemptRequest", "ReplacePasswordHashRequest"],
)
async def test_rightful_sign_in_survives_what_only_cleans_up(
    tmp_path: Path, request_name: str
) -> None:
    async with (
        running(tmp_path / "old") as old,
        running(tmp_path / "new", password_hash_time_cost=2) as new,
    ):
        await old.sign_up()
        new.stores.accounts.update(old.stores.accounts)
        new.stores.failures[request_name] = grpc.StatusCode.UNAVAILABLE
        with structlog.testing.capture_logs() as logs:
            assert (await new.sign_in()).access_token
    assert "sign-in not cleaned up after" in [entry["event"] for entry in logs]


async def test_account_that_goes_away_during_the_sign_in_is_no_account(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        identity.stores.failures["CreateSessionRequest"] = grpc.StatusCode.NOT_FOUND
        assert (await refusal(identity)).code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("stored", ["broken", "$argon2id$broken"])
async def test_malformed_stored_hash_matches_no_password(tmp_path: Path, stored: str) -> None:
    async with running(tmp_path) as identity:
        account_id = (await identity.sign_up()).account_id
        identity.stores.accounts[account_id].password_hash = stored
        assert (await refusal(identity)).code() is grpc.StatusCode.UNAUTHENTICATED


async def test_redelivered_sign_in_opens_a_second_session(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        request = pb.SignInRequest(email=EMAIL, password=PASSWORD)
        first, second = [
            (await identity.stub.SignIn(request, timeout=TIMEOUT)).grant for _ in range(2)
        ]
        assert first.session_id != second.session_id
        assert first.session_secret != second.session_secret
