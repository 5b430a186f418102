"""Streams of activity, through the whole application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from grpc import StatusCode
from structlog.testing import capture_logs
from tandem.database.v1 import activity_pb2

from services.account.live.streams import MOST_OF_SESSION, Pace
from services.account.testing.browser import sign_in, sign_up, submit
from services.account.testing.event_source import Event, EventSource, listening
from services.account.testing.faults import Refusal
from services.account.testing.ledger import Person
from services.account.testing.site import MOST_STREAMS, Stage, staged

PAGE, API = "/account/activity/stream", "/api/v1/activity/stream"
BOTH = pytest.mark.parametrize("path", [PAGE, API])
UPDATED = activity_pb2.ACTIVITY_KIND_PROFILE_UPDATED


def only_person(stage: Stage) -> Person:
    [person] = stage.fakes.ledger.people.values()
    return person


def happen(stage: Stage, detail: str) -> None:
    stage.fakes.ledger.record(only_person(stage).id, UPDATED, detail)


async def told(source: EventSource) -> Event:
    event = await source.event()
    assert event is not None
    return event


async def nothing_is_left(stage: Stage) -> bool:
    for _ in range(2000):
        if not stage.streams.count and not stage.fakes.ledger.watches:
            return True
        await asyncio.sleep(0.01)
    return False


@BOTH
async def test_what_happens_is_told_at_once(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    async with listening(stage.app, ada, path) as source:
        assert source.status == 200
        assert source.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert source.headers["cache-control"] == "no-store"
        first = await told(source)
        assert first.id == only_person(stage).activity[0].id
        assert (first.data, int(first.retry) >= 1000) == ("", True)
        happen(stage, "about")
        event = await told(source)
    assert event.id == event.row["id"] == only_person(stage).activity[0].id
    assert event.row["detail"] == "about"
    assert event.row["kind"] == "profile-updated"
    assert await nothing_is_left(stage)


async def test_a_page_s_row_is_told_in_the_words_of_the_page(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    async with listening(stage.app, ada, PAGE) as source:
        await told(source)
        async with stage.client(**{"user-agent": "Safari/605 (iPhone)"}) as phone:
            await sign_in(phone)
        row = (await told(source)).row
    page = (await ada.get("/account")).text
    for words in (row["title"], row["absolute"], row["relative"], row["detail"], row["whole"]):
        assert words in page
    assert (row["title"], row["detail"]) == ("Signed in", "Safari on iPhone")
    assert f'data-id="{row["id"]}"' in page


@BOTH
async def test_a_stream_goes_on_from_where_it_broke_without_gaps_or_repeats(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    page = await ada.get("/account")
    newest = only_person(stage).activity[0].id
    assert f'data-id="{newest}"' in page.text
    happen(stage, "between the page and the stream")
    async with listening(stage.app, ada, f"{path}?after={newest}") as source:
        await told(source)
        event = await told(source)
        assert event.row["detail"] == "between the page and the stream"
    happen(stage, "while nobody listened")
    # A browser asks again at the same address, and names the last event beside it.
    async with listening(stage.app, ada, f"{path}?after={newest}", event.id) as source:
        await told(source)
        assert (await told(source)).row["detail"] == "while nobody listened"
        happen(stage, "again live")
        assert (await told(source)).row["detail"] == "again live"


async def test_a_stranger_s_browser_is_told_to_ask_no_more(client: httpx.AsyncClient) -> None:
    answer = await client.get(PAGE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(API)).status_code == 401


@BOTH
async def test_an_ended_session_gets_no_stream_although_its_token_is_good(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    for session in stage.fakes.ledger.browsers.values():
        session.live = False
    answer = await ada.get(path)
    assert answer.status_code == (204 if path == PAGE else 401)
    assert "session-ended" not in answer.headers.get("set-cookie", "")


@BOTH
async def test_a_stream_ends_with_its_session_and_says_so(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    async with listening(stage.app, ada, path) as source:
        await told(source)
        await submit(ada, await ada.get("/account"), "/sign-out")
        assert await told(source) == Event(kind="end", data="the session has ended")
        assert await source.event() is None
    assert await nothing_is_left(stage)


async def test_the_end_of_another_session_is_told_like_anything_else(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    async with stage.client(**{"user-agent": "Safari/605 (iPhone)"}) as phone:
        await sign_in(phone)
        async with (
            listening(stage.app, ada, PAGE) as own,
            listening(stage.app, phone, PAGE) as ended,
        ):
            await told(own)
            await told(ended)
            await submit(ada, await ada.get("/account"), "/account/sessions/end")
            assert (await told(own)).row["title"] == "Session ended"
            assert (await told(ended)).kind == "end"


async def test_a_stream_outlives_its_access_token(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.fakes.service.access_lifetime = timedelta(minutes=-10)
    await sign_up(client)
    stage.fakes.service.access_lifetime = timedelta(minutes=1)
    async with listening(stage.app, client, PAGE) as source:
        await told(source)
        async with stage.client() as phone:
            await sign_in(phone)
            assert (await told(source)).row["title"] == "Signed in"
            await submit(phone, await phone.get("/account"), "/sign-out")
            assert (await told(source)).row["title"] == "Signed out"


@pytest_asyncio.fixture
async def quick() -> AsyncIterator[Stage]:
    async with staged(pace=Pace(heartbeat=0.05, check=0.1, lifetime=30)) as stage:
        yield stage


async def test_a_silent_stream_gives_signs_of_life_and_asks_whether_the_session_is_live(
    quick: Stage,
) -> None:
    async with quick.client() as ada:
        await sign_up(ada)
        async with listening(quick.app, ada, PAGE) as source:
            await told(source)
            assert await told(source) == Event()
            for session in quick.fakes.ledger.browsers.values():
                session.live = False  # as one that expires: no entry tells of it
            while (event := await told(source)) == Event():
                pass
            assert event.kind == "end"


async def test_a_stream_that_cannot_be_sure_of_its_session_ends_and_can_be_asked_for_again(
    quick: Stage,
) -> None:
    async with quick.client() as ada:
        await sign_up(ada)
        async with listening(quick.app, ada, PAGE) as source:
            await told(source)
            quick.fakes.faults.planted["CheckAccess"] = Refusal(StatusCode.UNAVAILABLE)
            with capture_logs() as entries:
                while (event := await source.event()) is not None:
                    assert event == Event()
            assert [each["event"] for each in entries] == ["stream broke"]


async def test_a_stream_ends_after_its_time() -> None:
    async with staged(pace=Pace(heartbeat=10, lifetime=0.05)) as stage, stage.client() as ada:
        await sign_up(ada)
        async with listening(stage.app, ada, PAGE) as source:
            await told(source)
            while (event := await source.event()) is not None:
                assert event == Event()
        assert await nothing_is_left(stage)


async def test_all_streams_end_at_the_stop(stage: Stage, ada: httpx.AsyncClient) -> None:
    async with listening(stage.app, ada, PAGE) as source:
        await told(source)
        stage.streams.close()
        assert await source.event() is None


@BOTH
async def test_a_stream_of_a_process_that_drains_says_where_to_go_on_and_ends(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    stage.streams.close()
    last = only_person(stage).activity[0].id
    happen(stage, "what the stream after this one is for")
    async with listening(stage.app, ada, path, last) as source:
        first = await told(source)
        assert (first.id, int(first.retry) >= 1000) == (last, True)
        assert await source.event() is None
    assert await nothing_is_left(stage)


@BOTH
async def test_a_session_has_no_more_streams_than_a_browser_has_connections(
    stage: Stage, ada: httpx.AsyncClient, path: str
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MOST_OF_SESSION):
            source = await stack.enter_async_context(listening(stage.app, ada, path))
            assert source.status == 200
        refused = await ada.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        async with stage.client() as phone:
            await sign_in(phone)
            for _ in range(MOST_STREAMS - MOST_OF_SESSION):
                await stack.enter_async_context(listening(stage.app, phone, path))
            assert (await phone.get(path)).status_code == 429
    assert await nothing_is_left(stage)


@pytest.mark.parametrize(
    ("code", "status"),
    [(StatusCode.UNAVAILABLE, 503), (StatusCode.RESOURCE_EXHAUSTED, 429)],
)
@BOTH
async def test_a_stream_that_the_store_refuses_does_not_begin(
    stage: Stage, ada: httpx.AsyncClient, path: str, code: StatusCode, status: int
) -> None:
    stage.fakes.faults.planted["WatchActivity"] = Refusal(code)
    answer = await ada.get(path)
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) > 0
    assert await nothing_is_left(stage)


@pytest.mark.parametrize("after", ["nonsense", "0192f0f3-0000-7000-8000-000000000000", "x" * 4000])
@BOTH
async def test_an_entry_that_the_account_does_not_have_is_refused(
    ada: httpx.AsyncClient, path: str, after: str
) -> None:
    answer = await ada.get(path, params={"after": after})
    assert answer.status_code == 422
    if path == API:
        assert set(answer.json()["errors"]) == {"after"}


async def test_what_is_hostile_stays_the_data_of_one_event(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    hostile = "</script><img src=x>\n\nevent: end\ndata: x\r\u2028"
    async with listening(stage.app, ada, PAGE) as source:
        await told(source)
        happen(stage, hostile)
        event = await told(source)
    assert (event.kind, event.row["detail"]) == ("", hostile)


async def test_asking_for_headers_alone_opens_no_stream(
    stage: Stage, ada: httpx.AsyncClient
) -> None:
    answer = await ada.head(PAGE)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert await nothing_is_left(stage)


async def test_only_the_newest_page_is_live(stage: Stage, ada: httpx.AsyncClient) -> None:
    for number in range(12):
        happen(stage, f"entry {number}")
    newest = (await ada.get("/account")).text
    assert f'data-live="{PAGE}"' in newest
    assert "/static/live." in newest
    older = (await ada.get("/account", params={"activity": "10"})).text
    assert "data-live" not in older
    assert "/static/live." not in older
