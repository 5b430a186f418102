import grpc
import psycopg
import pytest
from tandem.database.v1 import accounts_pb2, activity_pb2

from tests.database.stores import Stores, fields_at_fault, new_id, new_key
from tests.support.database import Addresses, migrated
from tests.support.postgres import Postgres


async def page(
    stores: Stores, account_id: str, size: int = 0, token: str = ""
) -> activity_pb2.ListActivityResponse:
    request = activity_pb2.ListActivityRequest(
        account_id=account_id, page_size=size, page_token=token
    )
    return await stores.activity.ListActivity(request, timeout=10)


async def an_account_with_entries(stores: Stores, entries: int) -> str:
    account_id = await stores.some_account()
    for number in range(entries - 1):
        profile = accounts_pb2.Profile(display_name=f"Name {number}")
        await stores.accounts.UpdateProfile(
            accounts_pb2.UpdateProfileRequest(account_id=account_id, profile=profile),
            timeout=10,
            metadata=new_key(),
        )
    return account_id


async def test_pages_hold_every_entry_once_newest_first(stores: Stores) -> None:
    account_id = await an_account_with_entries(stores, 8)
    whole = (await page(stores, account_id)).activities
    assert len(whole) == 8
    assert [each.occurred_at.ToDatetime() for each in whole] == sorted(
        (each.occurred_at.ToDatetime() for each in whole), reverse=True
    )
    found: list[activity_pb2.Activity] = []
    token = ""
    sizes = []
    while True:
        answer = await page(stores, account_id, 3, token)
        sizes.append(len(answer.activities))
        found += answer.activities
        token = answer.next_page_token
        if not token:
            break
    assert sizes == [3, 3, 2]
    assert found == list(whole)


async def test_entries_that_come_later_move_no_page(stores: Stores) -> None:
    account_id = await an_account_with_entries(stores, 4)
    whole = (await page(stores, account_id)).activities
    first = await page(stores, account_id, 2)
    await stores.some_session(account_id)
    second = await page(stores, account_id, 2, first.next_page_token)
    assert [*first.activities, *second.activities] == list(whole)


async def test_a_full_last_page_has_no_next(stores: Stores) -> None:
    account_id = await an_account_with_entries(stores, 2)
    assert (await page(stores, account_id, 2)).next_page_token == ""


@pytest.mark.parametrize("size", [-1, 101])
async def test_a_page_has_a_reasonable_size(stores: Stores, size: int) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await page(stores, new_id(), size)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == ["page_size"]


async def test_a_token_of_another_account_is_refused(stores: Stores) -> None:
    mine, yours = [await an_account_with_entries(stores, 3) for _ in range(2)]
    token = (await page(stores, mine, 1)).next_page_token
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await page(stores, yours, 1, token)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == ["page_token"]


async def test_nothing_happened_on_an_account_that_is_not_there(stores: Stores) -> None:
    assert await page(stores, new_id()) == activity_pb2.ListActivityResponse()


class TestBesideANewerRelease:
    @pytest.fixture
    def addresses(self, server: Postgres) -> Addresses:
        """A database on which the expand migration of a release to come has allowed more kinds."""
        addresses = migrated(server)
        with psycopg.connect(addresses.owner) as owner:
            owner.execute("ALTER TABLE activities DROP CONSTRAINT ck_activities_kind")
        return addresses

    async def test_an_entry_of_a_kind_that_only_that_release_knows_is_of_no_named_kind(
        self, stores: Stores, addresses: Addresses
    ) -> None:
        account_id = await stores.some_account()
        with psycopg.connect(addresses.owner) as owner:
            owner.execute(
                "INSERT INTO activities (id, account_id, kind, detail) VALUES (%s, %s, %s, %s)",
                [new_id(), account_id, "password_changed", "by mail"],
            )
        newer, older = (await page(stores, account_id)).activities
        assert (newer.kind, newer.detail) == (activity_pb2.ACTIVITY_KIND_UNSPECIFIED, "by mail")
        assert older.kind == activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED
