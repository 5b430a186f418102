"""Edits of a profile that are delivered more than once."""

import asyncio

import grpc
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tandem.database.v1 import accounts_pb2, activity_pb2

from services.database import effects
from services.database.retention import clean_up
from tests.database.retention_test import MONTH
from tests.database.stores import Stores, fields_at_fault, new_key, reason
from tests.support.database import Addresses


def edit(account_id: str, about: str) -> accounts_pb2.UpdateProfileRequest:
    profile = accounts_pb2.Profile(display_name="Ada", about=about)
    return accounts_pb2.UpdateProfileRequest(account_id=account_id, profile=profile)


async def about_of(stores: Stores, account_id: str) -> str:
    request = accounts_pb2.GetAccountRequest(id=account_id)
    return (await stores.accounts.GetAccount(request, timeout=10)).account.profile.about


@pytest.mark.parametrize("content", ["changed", "Counts."], ids=["changes", "changes nothing"])
async def test_an_edit_that_is_delivered_again_gets_its_first_reply_and_undoes_nothing(
    stores: Stores, content: str
) -> None:
    account_id, key = await stores.some_account(), new_key()
    earlier, later = edit(account_id, content), edit(account_id, "later")
    first = await stores.accounts.UpdateProfile(earlier, timeout=10, metadata=key)
    await stores.accounts.UpdateProfile(later, timeout=10, metadata=new_key())
    again = await stores.accounts.UpdateProfile(earlier, timeout=10, metadata=key)
    assert again == first
    assert await about_of(stores, account_id) == "later"


async def test_deliveries_at_the_same_time_have_one_effect(stores: Stores) -> None:
    account_id, key = await stores.some_account(), new_key()
    request = edit(account_id, "changed")
    replies = await asyncio.gather(
        *(stores.accounts.UpdateProfile(request, timeout=10, metadata=key) for _ in range(5))
    )
    assert all(reply == replies[0] for reply in replies)
    listing = activity_pb2.ListActivityRequest(account_id=account_id)
    log = (await stores.activity.ListActivity(listing, timeout=10)).activities
    edits = [each for each in log if each.kind == activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED]
    assert len(edits) == 1


async def test_a_refused_edit_may_be_corrected_under_its_key(stores: Stores) -> None:
    account_id, key = await stores.some_account(), new_key()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.UpdateProfile(edit(account_id, "x" * 501), timeout=10, metadata=key)
    assert fields_at_fault(refused.value) == ["profile.about"]
    await stores.accounts.UpdateProfile(edit(account_id, "short"), timeout=10, metadata=key)
    assert await about_of(stores, account_id) == "short"


async def test_another_request_with_the_same_key_is_refused(stores: Stores) -> None:
    account_id, key = await stores.some_account(), new_key()
    await stores.accounts.UpdateProfile(edit(account_id, "one"), timeout=10, metadata=key)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.UpdateProfile(edit(account_id, "two"), timeout=10, metadata=key)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(refused.value) == "KEY_TAKEN"
    assert await about_of(stores, account_id) == "one"


@pytest.mark.parametrize("metadata", [None, new_key("mine")], ids=["none", "not a UUID"])
async def test_an_edit_without_a_key_is_refused(
    stores: Stores, metadata: tuple[tuple[str, str]] | None
) -> None:
    account_id = await stores.some_account()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.UpdateProfile(
            edit(account_id, "changed"), timeout=10, metadata=metadata
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == ["idempotency-key"]
    assert await about_of(stores, account_id) == "Counts."


async def test_a_key_is_forgotten_when_its_request_can_no_longer_come(
    stores: Stores, engine: AsyncEngine, addresses: Addresses
) -> None:
    account_id = await stores.some_account()
    old, recent = new_key(), new_key()
    for key in (old, recent):
        await stores.accounts.UpdateProfile(edit(account_id, "one"), timeout=10, metadata=key)
    with psycopg.connect(addresses.owner) as owner:
        aging = "UPDATE effects SET happened_at = now() - %s - interval '1 second' WHERE key = %s"
        owner.execute(aging, [effects.RETENTION, old[0][1]])
    await clean_up(engine, MONTH)
    with psycopg.connect(addresses.owner) as owner:
        kept = owner.execute("SELECT key::text FROM effects").fetchall()
    assert (recent[0][1],) in kept
    assert (old[0][1],) not in kept
