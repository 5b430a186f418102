"""Watches of the activity, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import grpc
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from tandem.database.v1 import accounts_pb2, activity_pb2

from services.database import news
from services.database.arrivals import Arrivals
from services.database.listener import Listener
from services.database.models import ActivityKind
from services.database.stores.entries import record
from services.database.stores.watches import BATCH
from tests.database.stores import Stores, fields_at_fault, new_id, new_key
from tests.support.database import Addresses
from tests.support.postgres import Postgres

SOON = 15.0  # seconds until an entry is with who watches; who hears nothing looks after 30
QUIET = 0.3  # seconds after which nothing more is expected

type _Call = grpc.aio.UnaryStreamCall[
    activity_pb2.WatchActivityRequest, activity_pb2.WatchActivityResponse
]


class Watch:
    """A watch under way."""

    def __init__(self, call: _Call) -> None:
        self.call = call
        self._responses = aiter(call)

    async def response(self, within: float = SOON) -> activity_pb2.WatchActivityResponse:
        async with asyncio.timeout(within):
            return await anext(self._responses)

    async def detail(self, within: float = SOON) -> str:
        """What the next entry is about."""
        response = await self.response(within)
        assert response.after_id == response.activity.id != ""
        return response.activity.detail


@asynccontextmanager
async def watching(stores: Stores, account_id: str, after_id: str = "") -> AsyncIterator[Watch]:
    """A watch that has begun."""
    request = activity_pb2.WatchActivityRequest(account_id=account_id, after_id=after_id)
    call = stores.activity.WatchActivity(request, timeout=60)
    watch = Watch(call)
    first = await watch.response(10)
    assert not first.HasField("activity")
    try:
        yield watch
    finally:
        call.cancel()


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(800):
        if await reached():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that within 16 s")


async def listens(listener: Listener, *, wanted: bool = True) -> None:
    async def reached() -> bool:
        try:
            await listener.check()
        except ConnectionError:
            return not wanted
        return wanted

    await until(reached)


async def nobody_watches(arrivals: Arrivals) -> None:
    async def reached() -> bool:
        return arrivals.count == 0

    await until(reached)


async def edit(stores: Stores, account_id: str, name: str) -> None:
    await stores.accounts.UpdateProfile(
        accounts_pb2.UpdateProfileRequest(
            account_id=account_id,
            profile=accounts_pb2.Profile(display_name=name, about="Counts."),
        ),
        timeout=10,
        metadata=new_key(),
    )


async def listed(stores: Stores, account_id: str) -> list[activity_pb2.Activity]:
    """All entries, the oldest first."""
    request = activity_pb2.ListActivityRequest(account_id=account_id, page_size=100)
    return list((await stores.activity.ListActivity(request, timeout=10)).activities)[::-1]


def end_listeners(addresses: Addresses) -> int:
    """End their connections; gives how many there were."""
    with psycopg.connect(addresses.admin, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name LIKE '% listener'"
        )
        return len(ended.fetchall())


async def test_an_entry_is_with_every_watcher_of_the_account_and_with_nobody_else(
    stores: Stores, listener: Listener
) -> None:
    await listens(listener)
    mine, other = await stores.some_account(), await stores.some_account()
    async with (
        watching(stores, mine) as first,
        watching(stores, mine) as second,
        watching(stores, other) as stranger,
    ):
        await edit(stores, mine, "Ada King")
        assert [await first.detail(), await second.detail()] == ["display name", "display name"]
        with pytest.raises(TimeoutError):
            await stranger.response(QUIET)


async def test_a_watch_goes_on_behind_the_entry_that_it_names_without_gaps_or_repeats(
    stores: Stores, listener: Listener
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    [created] = await listed(stores, account_id)
    for name in ("A", "B"):
        await edit(stores, account_id, name)
    async with watching(stores, account_id, created.id) as watch:
        seen = [(await watch.response()).activity for _ in range(2)]
    await edit(stores, account_id, "C")
    async with watching(stores, account_id, seen[-1].id) as watch:
        seen.append((await watch.response()).activity)
        await edit(stores, account_id, "D")
        seen.append((await watch.response()).activity)
        with pytest.raises(TimeoutError):
            await watch.response(QUIET)
    assert [created, *seen] == await listed(stores, account_id)


async def test_a_watch_that_names_no_entry_begins_now_and_says_where(
    stores: Stores, listener: Listener
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    await edit(stores, account_id, "A")
    newest = (await listed(stores, account_id))[-1]
    request = activity_pb2.WatchActivityRequest(account_id=account_id)
    watch = Watch(stores.activity.WatchActivity(request, timeout=60))
    assert await watch.response() == activity_pb2.WatchActivityResponse(after_id=newest.id)
    with pytest.raises(TimeoutError):
        await watch.response(QUIET)
    watch.call.cancel()


async def test_an_account_that_is_not_there_can_be_watched_and_nothing_happens(
    stores: Stores,
) -> None:
    async with watching(stores, new_id()) as watch:
        with pytest.raises(TimeoutError):
            await watch.response(QUIET)


async def test_more_entries_than_one_look_finds_all_arrive_in_order(
    stores: Stores, engine: AsyncEngine
) -> None:
    account_id = await stores.some_account()
    [created] = await listed(stores, account_id)
    details = [f"entry {number}" for number in range(BATCH + 5)]
    async with async_sessionmaker(engine)() as session, session.begin():
        for detail in details:
            await record(session, UUID(account_id), ActivityKind.PROFILE_UPDATED, detail)
    async with watching(stores, account_id, created.id) as watch:
        assert [await watch.detail() for _ in details] == details


async def test_news_are_heard_with_any_password_that_calls_are_answered_with(
    stores: Stores, listener: Listener
) -> None:
    await stores.some_account()
    await listens(listener)


async def test_what_happens_while_nobody_listens_is_found_once_the_listener_is_back(
    stores: Stores, listener: Listener, addresses: Addresses
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    async with watching(stores, account_id) as watch:
        for name in ("Ada", "Augusta", "Countess"):
            assert end_listeners(addresses) == 1
            await edit(stores, account_id, f"{name} King")
            assert await watch.detail(10) == "display name"
            await listens(listener)
        with pytest.raises(TimeoutError):
            await watch.response(QUIET)


async def test_watches_outlive_a_restart_of_postgresql(
    stores: Stores, listener: Listener, server: Postgres
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    async with watching(stores, account_id) as watch:
        server.stop()
        await listens(listener, wanted=False)
        server.start()
        await listens(listener)
        await edit(stores, account_id, "Ada King")
        assert await watch.detail() == "display name"


async def test_entries_become_visible_in_the_order_in_which_they_are_told(
    stores: Stores, listener: Listener, engine: AsyncEngine
) -> None:
    # A transaction that began first and ends last would otherwise stand before what was sent.
    await listens(listener)
    account_id = await stores.some_account()
    sessions = async_sessionmaker(engine)
    key = UUID(account_id)
    async with watching(stores, account_id) as watch:
        async with sessions() as slow:
            _ = await slow.connection()
            await edit(stores, account_id, "Quick")
            assert await watch.detail() == "display name"
            await record(slow, key, ActivityKind.SIGNED_IN, "slow")
            waiting = asyncio.create_task(edit(stores, account_id, "Waiting"))
            await asyncio.sleep(QUIET)
            assert not waiting.done()
            await slow.commit()
        assert [await watch.detail(), await watch.detail()] == ["slow", "display name"]
        await waiting


async def test_what_is_rolled_back_is_told_to_nobody(
    stores: Stores, listener: Listener, engine: AsyncEngine
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    async with watching(stores, account_id) as watch:
        async with async_sessionmaker(engine)() as session:
            await record(session, UUID(account_id), ActivityKind.SIGNED_IN, "never")
            await session.rollback()
        with pytest.raises(TimeoutError):
            await watch.response(QUIET)


@pytest.mark.parametrize("payload", ["", "no id", "'; DROP TABLE activities; --"])
async def test_nonsense_in_the_channel_disturbs_nobody(
    stores: Stores, listener: Listener, addresses: Addresses, payload: str
) -> None:
    await listens(listener)
    account_id = await stores.some_account()
    async with watching(stores, account_id) as watch:
        with psycopg.connect(addresses.app, autocommit=True) as app:
            app.execute("SELECT pg_notify(%s, %s)", [news.CHANNEL, payload])
        await edit(stores, account_id, "Ada King")
        assert await watch.detail() == "display name"


@pytest.mark.parametrize("make_id", [new_id, lambda: "no id"])
async def test_an_entry_that_is_not_the_accounts_own_is_refused(
    stores: Stores, make_id: Callable[[], str]
) -> None:
    account_id = await stores.some_account()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async with watching(stores, account_id, make_id()):
            pass
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == ["after_id"]


async def test_an_entry_of_another_account_is_refused(stores: Stores) -> None:
    mine, other = await stores.some_account(), await stores.some_account()
    [entry] = await listed(stores, other)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async with watching(stores, mine, entry.id):
            pass
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_no_more_watch_than_may_and_one_that_is_cancelled_makes_room(
    stores: Stores, arrivals: Arrivals
) -> None:
    account_id = await stores.some_account()
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(watching(stores, account_id))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async with watching(stores, account_id):
                pass
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await nobody_watches(arrivals)
    async with watching(stores, account_id):
        pass


async def test_watches_end_at_the_stop_and_say_that_another_goes_on(
    stores: Stores, arrivals: Arrivals
) -> None:
    account_id = await stores.some_account()
    async with watching(stores, account_id) as watch:
        arrivals.close()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await watch.response()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    await nobody_watches(arrivals)
