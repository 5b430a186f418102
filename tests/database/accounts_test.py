import asyncio
from collections.abc import Awaitable

import grpc
import pytest
from tandem.database.v1 import accounts_pb2, activity_pb2

from tests.database.stores import (
    HASH,
    Stores,
    fields_at_fault,
    new_account,
    new_id,
    new_key,
    reason,
)

Profile = accounts_pb2.Profile


async def kinds(stores: Stores, account_id: str) -> list[int]:
    request = activity_pb2.ListActivityRequest(account_id=account_id)
    answer = await stores.activity.ListActivity(request, timeout=10)
    return [activity.kind for activity in answer.activities]


async def test_a_new_account_is_found_by_its_id(stores: Stores) -> None:
    request = new_account()
    made = (await stores.accounts.CreateAccount(request, timeout=10)).account
    got = await stores.accounts.GetAccount(accounts_pb2.GetAccountRequest(id=request.id))
    assert got.account == made
    assert (made.id, made.email, made.profile) == (request.id, request.email, request.profile)
    assert await kinds(stores, made.id) == [activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED]


async def test_a_repeated_create_answers_the_same_account_and_writes_nothing(
    stores: Stores,
) -> None:
    request = new_account()
    first = await stores.accounts.CreateAccount(request, timeout=10)
    request.password_hash = HASH.replace("salt", "last")
    assert await stores.accounts.CreateAccount(request, timeout=10) == first
    assert await kinds(stores, request.id) == [activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED]
    credential = await stores.accounts.GetCredential(
        accounts_pb2.GetCredentialRequest(email=request.email)
    )
    assert credential.password_hash == HASH


async def test_a_create_repeated_after_an_edit_answers_the_edited_account(stores: Stores) -> None:
    request = new_account()
    await stores.accounts.CreateAccount(request, timeout=10)
    edit = accounts_pb2.UpdateProfileRequest(
        account_id=request.id, profile=Profile(display_name="Countess")
    )
    await stores.accounts.UpdateProfile(edit, timeout=10, metadata=new_key())
    again = await stores.accounts.CreateAccount(request, timeout=10)
    assert again.account.profile == edit.profile


@pytest.mark.parametrize(
    "changes", [{"email": "other@example.org"}, {"profile": Profile(display_name="Bob")}]
)
async def test_other_content_under_the_same_id_is_refused(
    stores: Stores, changes: dict[str, object]
) -> None:
    request = new_account()
    await stores.accounts.CreateAccount(request, timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.CreateAccount(new_account(id=request.id, **changes), timeout=10)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(refused.value) == "ID_TAKEN"


async def test_an_address_is_taken_in_whatever_case(stores: Stores) -> None:
    request = new_account()
    await stores.accounts.CreateAccount(request, timeout=10)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.CreateAccount(new_account(email=request.email.upper()), timeout=10)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(refused.value) == "EMAIL_TAKEN"
    found = await stores.accounts.GetCredential(
        accounts_pb2.GetCredentialRequest(email=request.email.title())
    )
    assert found.account_id == request.id


async def test_of_many_accounts_with_one_address_at_once_exactly_one_is_made(
    stores: Stores,
) -> None:
    email = f"{new_id()}@example.org"
    outcomes = await asyncio.gather(
        *(stores.accounts.CreateAccount(new_account(email=email), timeout=10) for _ in range(12)),
        return_exceptions=True,
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert len(errors) == 11
    assert {reason(error) for error in errors} == {"EMAIL_TAKEN"}


async def test_the_same_create_many_times_at_once_makes_one_account(stores: Stores) -> None:
    request = new_account()
    answers = await asyncio.gather(
        *(stores.accounts.CreateAccount(request, timeout=10) for _ in range(12))
    )
    assert all(answer == answers[0] for answer in answers)
    assert await kinds(stores, request.id) == [activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED]


async def test_every_field_at_fault_is_named(stores: Stores) -> None:
    request = accounts_pb2.CreateAccountRequest(
        id="00000000-0000-4000-8000-000000000000",
        email="nobody",
        profile=Profile(display_name="", about="x" * 501),
        password_hash="plain",
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.CreateAccount(request, timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert set(fields_at_fault(refused.value)) == {
        *("id", "email", "profile.display_name", "profile.about", "password_hash")
    }


async def test_an_edit_is_stored_and_recorded_once(stores: Stores) -> None:
    account_id = await stores.some_account()
    edit = accounts_pb2.UpdateProfileRequest(
        account_id=account_id, profile=Profile(display_name="Ada L.", about="Counts on.")
    )
    for _ in range(2):
        answer = await stores.accounts.UpdateProfile(edit, timeout=10, metadata=new_key())
        assert answer.account.profile == edit.profile
    request = activity_pb2.ListActivityRequest(account_id=account_id)
    log = (await stores.activity.ListActivity(request, timeout=10)).activities
    assert [(entry.kind, entry.detail) for entry in log] == [
        (activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED, "display name, about"),
        (activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED, ""),
    ]


async def test_a_hash_is_replaced_only_while_it_is_the_verified_one(stores: Stores) -> None:
    request = new_account()
    await stores.accounts.CreateAccount(request, timeout=10)
    change = accounts_pb2.ReplacePasswordHashRequest(
        account_id=request.id, verified_hash=HASH, new_hash=f"{HASH}1"
    )
    await stores.accounts.ReplacePasswordHash(change, timeout=10)
    await stores.accounts.ReplacePasswordHash(change, timeout=10)
    change.new_hash = f"{HASH}2"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.ReplacePasswordHash(change, timeout=10)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_what_is_not_there_is_not_found(stores: Stores) -> None:
    nobody = new_id()
    calls: list[Awaitable[object]] = [
        stores.accounts.GetAccount(accounts_pb2.GetAccountRequest(id=nobody), timeout=10),
        stores.accounts.UpdateProfile(
            accounts_pb2.UpdateProfileRequest(
                account_id=nobody, profile=Profile(display_name="Nobody")
            ),
            timeout=10,
            metadata=new_key(),
        ),
        stores.accounts.GetCredential(
            accounts_pb2.GetCredentialRequest(email=f"{nobody}@example.org"), timeout=10
        ),
        stores.accounts.ReplacePasswordHash(
            accounts_pb2.ReplacePasswordHashRequest(
                account_id=nobody, verified_hash=HASH, new_hash=f"{HASH}1"
            ),
            timeout=10,
        ),
    ]
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
