"""Signing up: once however often delivered, limited, and clear about what is wrong."""

from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status
from tandem.database.v1.accounts_pb2 import CreateAccountRequest
from tandem.identity.v1 import identity_pb2 as pb
from uuid_utils.compat import uuid7

from services.identity.testing import TIMEOUT, Running, running


async def refusal(identity: Running, **changes: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await identity.sign_up(**changes)
    return caught.value


def reason(error: grpc.aio.AioRpcError) -> str:
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    detail = ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(detail)
    assert detail.domain == "identity.tandem"
    name: str = detail.reason
    return name


async def test_sign_up_stores_a_hash_and_opens_a_session(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        grant = await identity.sign_up(email="Ada@EXAMPLE.org")
        account = identity.stores.accounts[grant.account_id]
        assert account.email == "Ada@example.org"
        assert account.profile.display_name == "Ada"
        assert account.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")
        assert list(identity.stores.sessions) == [grant.session_id]


async def test_redelivered_sign_up_makes_one_account_and_answers_a_new_session(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as identity:
        account_id = str(uuid7())
        first = await identity.sign_up(account_id=account_id)
        stored = identity.stores.accounts[account_id].password_hash
        second = await identity.sign_up(account_id=account_id)
        assert first.account_id == second.account_id == account_id
        assert first.session_id != second.session_id
        assert list(identity.stores.accounts) == [account_id]
        assert identity.stores.accounts[account_id].password_hash == stored


async def test_redelivered_sign_up_succeeds_after_the_profile_was_edited(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        account_id = (await identity.sign_up()).account_id
        identity.stores.accounts[account_id].profile.display_name = "Countess"
        assert (await identity.sign_up(account_id=account_id)).account_id == account_id
        assert identity.stores.accounts[account_id].profile.display_name == "Countess"


async def test_repeated_sign_up_with_another_password_opens_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        account_id = (await identity.sign_up()).account_id
        error = await refusal(identity, account_id=account_id, password="wrong horse")
        assert reason(error) == "EMAIL_TAKEN"
        assert len(identity.stores.sessions) == 1


async def test_taken_email_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up()
        error = await refusal(identity, email="ADA@example.org")
        assert reason(error) == "EMAIL_TAKEN"
        assert len(identity.stores.accounts) == len(identity.stores.sessions) == 1


async def test_id_of_another_account_is_told_from_a_taken_address(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        account_id = (await identity.sign_up()).account_id
        error = await refusal(identity, account_id=account_id, email="eve@example.org")
        assert reason(error) == "ID_TAKEN"
        assert len(identity.stores.accounts) == len(identity.stores.sessions) == 1


@pytest.mark.parametrize("name", ["Ada", "Eve"], ids=["the same name", "another name"])
async def test_reused_id_answers_the_same_whether_the_address_has_an_account_or_not(
    tmp_path: Path, name: str
) -> None:
    async with running(tmp_path) as identity:
        await identity.sign_up(email="ada@example.org")
        own = (await identity.sign_up(email="eve@example.org")).account_id
        identity.stores.accounts[own].profile.display_name = name
        answers, asked = set(), []
        for email in ("ada@example.org", "nobody@example.org"):
            identity.hashes.count = 0
            identity.stores.requests.clear()
            error = await refusal(identity, account_id=own, email=email)
            assert reason(error) == "ID_TAKEN"
            answers.add((error.details(), str(error.trailing_metadata())))
            asked.append((identity.hashes.count, identity.stores.names()))
        assert len(answers) == 1
        assert asked[0] == asked[1]


async def test_all_bad_fields_are_named_at_once_and_nothing_is_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await identity.stub.SignUp(pb.SignUpRequest(), timeout=TIMEOUT)
        assert identity.stores.requests == []
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    detail = BadRequest()
    assert rpc_status.from_call(caught.value).details[0].Unpack(detail)
    violations = {v.field: v.description for v in detail.field_violations}
    assert violations == {
        "account_id": "Use a UUID of version 7 in its canonical text form.",
        "email": "Enter your e-mail address.",
        "password": "Use at least 8 characters.",
        "display_name": "Enter the name that others will see.",
    }


async def test_sign_ups_of_one_client_are_limited(tmp_path: Path) -> None:
    async with running(tmp_path, sign_up_limit_per_client=2) as identity:
        for number in range(2):
            await identity.sign_up(email=f"{number}@example.org")
        error = await refusal(identity)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        created = [r for r in identity.stores.requests if isinstance(r, CreateAccountRequest)]
        assert len(created) == 2


async def test_guesses_of_a_password_by_repeated_sign_ups_are_limited(tmp_path: Path) -> None:
    async with running(tmp_path, sign_up_limit_per_pair=3) as identity:
        account_id = (await identity.sign_up()).account_id
        codes = [
            (await refusal(identity, account_id=account_id, password=f"guess {n} of it")).code()
            for n in range(4)
        ]
    assert codes[:3] == [grpc.StatusCode.ALREADY_EXISTS] * 3
    assert codes[3] is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_account_made_counts_against_its_client_alone(tmp_path: Path) -> None:
    limits = {
        "sign_up_limit_per_pair": 1,
        "sign_up_limit_per_client": 3,
        "sign_up_limit_per_email": 1,
    }
    async with running(tmp_path, **limits) as identity:
        account_id = str(uuid7())
        for _ in range(3):
            assert (await identity.sign_up(account_id=account_id)).access_token
        error = await refusal(identity, account_id=account_id)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        again = await identity.sign_up(account_id=account_id, client_address="192.0.2.200")
        assert again.access_token


async def test_account_made_counts_even_if_its_attempts_are_not_forgotten(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        identity.stores.failures["ForgetAttemptsRequest"] = grpc.StatusCode.UNAVAILABLE
        assert (await identity.sign_up()).access_token


async def test_address_that_the_store_cannot_keep_is_a_bad_field(tmp_path: Path) -> None:
    async with running(tmp_path) as identity:
        identity.stores.failures["CreateAccountRequest"] = grpc.StatusCode.INVALID_ARGUMENT
        error = await refusal(identity)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "email" in str(error.details())
