import asyncio
import secrets
from datetime import timedelta

import grpc
import psycopg
import pytest
from tandem.database.v1 import activity_pb2, sessions_pb2

from tests.database.retention_test import SESSION
from tests.database.stores import Stores, fields_at_fault, in_seconds, new_id, new_session, reason
from tests.support.database import Addresses


async def listed(stores: Stores, account_id: str) -> list[str]:
    request = sessions_pb2.ListSessionsRequest(account_id=account_id)
    answer = await stores.sessions.ListSessions(request, timeout=10)
    return [session.id for session in answer.sessions]


async def log(stores: Stores, account_id: str) -> list[tuple[int, str]]:
    request = activity_pb2.ListActivityRequest(account_id=account_id)
    answer = await stores.activity.ListActivity(request, timeout=10)
    return [(activity.kind, activity.detail) for activity in answer.activities]


def revocation(
    session: sessions_pb2.CreateSessionRequest,
    reason: sessions_pb2.SessionEnd = sessions_pb2.SESSION_END_REVOKED,
) -> sessions_pb2.RevokeSessionRequest:
    return sessions_pb2.RevokeSessionRequest(
        account_id=session.account_id, session_id=session.id, reason=reason
    )


async def test_a_repeated_create_answers_the_same_session_and_records_one_sign_in(
    stores: Stores,
) -> None:
    request = new_session(await stores.some_account())
    first = await stores.sessions.CreateSession(request, timeout=10)
    assert await stores.sessions.CreateSession(request, timeout=10) == first
    assert await log(stores, request.account_id) == [
        (activity_pb2.ACTIVITY_KIND_SIGNED_IN, "Firefox"),
        (activity_pb2.ACTIVITY_KIND_ACCOUNT_CREATED, ""),
    ]


@pytest.mark.parametrize(("same", "taken"), [("id", "ID_TAKEN"), ("secret_hash", "SECRET_TAKEN")])
async def test_another_session_under_the_same_id_or_secret_is_refused(
    stores: Stores, same: str, taken: str
) -> None:
    first = await stores.some_session(await stores.some_account())
    second = new_session(first.account_id, **{same: getattr(first, same)})
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.CreateSession(second, timeout=10)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(refused.value) == taken


async def test_no_account_no_session(stores: Stores) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.CreateSession(new_session(new_id()), timeout=10)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_session_that_has_expired_already_is_refused_by_the_database(
    stores: Stores,
) -> None:
    request = new_session(await stores.some_account(), expires_at=in_seconds(-1))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.CreateSession(request, timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert fields_at_fault(refused.value) == ["expires_at"]


async def test_using_a_session_notes_when_it_was_seen(stores: Stores) -> None:
    account_id = await stores.some_account()
    older, newer = [await stores.some_session(account_id) for _ in range(2)]
    assert await listed(stores, account_id) == [newer.id, older.id]
    use = sessions_pb2.UseSessionRequest(secret_hash=older.secret_hash)
    seen = (await stores.sessions.UseSession(use, timeout=10)).session
    assert seen.id == older.id
    assert seen.last_seen_at.ToDatetime() > seen.created_at.ToDatetime()
    assert await listed(stores, account_id) == [older.id, newer.id]


async def got(stores: Stores, account_id: str, session_id: str) -> sessions_pb2.Session:
    request = sessions_pb2.GetSessionRequest(account_id=account_id, session_id=session_id)
    return (await stores.sessions.GetSession(request, timeout=10)).session


async def test_getting_a_session_does_not_count_as_seeing_it(stores: Stores) -> None:
    request = new_session(await stores.some_account())
    made = (await stores.sessions.CreateSession(request, timeout=10)).session
    assert await got(stores, request.account_id, request.id) == made
    assert await got(stores, request.account_id, request.id) == made


def expire(addresses: Addresses, session_id: str) -> None:
    """Let a session have expired a moment ago."""
    with psycopg.connect(addresses.owner) as owner:
        owner.execute(SESSION, [timedelta(milliseconds=1), session_id])


async def test_a_session_is_got_by_its_own_account_and_only_while_it_lives(
    stores: Stores, addresses: Addresses
) -> None:
    ended = await stores.some_session(await stores.some_account())
    expired = await stores.some_session(ended.account_id)
    foreign = await stores.some_session(await stores.some_account())
    await stores.sessions.RevokeSession(revocation(ended), timeout=10)
    expire(addresses, expired.id)
    for session_id in (ended.id, expired.id, foreign.id, new_id()):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await got(stores, ended.account_id, session_id)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_expired_session_is_neither_used_nor_listed(
    stores: Stores, addresses: Addresses
) -> None:
    request = await stores.some_session(await stores.some_account())
    assert await listed(stores, request.account_id) == [request.id]
    expire(addresses, request.id)
    use = sessions_pb2.UseSessionRequest(secret_hash=request.secret_hash)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.UseSession(use, timeout=10)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert await listed(stores, request.account_id) == []


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (sessions_pb2.SESSION_END_SIGNED_OUT, activity_pb2.ACTIVITY_KIND_SIGNED_OUT),
        (sessions_pb2.SESSION_END_REVOKED, activity_pb2.ACTIVITY_KIND_SESSION_REVOKED),
    ],
)
async def test_a_session_ends_once_however_often_it_is_ended(
    stores: Stores, end: sessions_pb2.SessionEnd, kind: int
) -> None:
    session = await stores.some_session(await stores.some_account())
    await asyncio.gather(
        *(stores.sessions.RevokeSession(revocation(session, end), timeout=10) for _ in range(5))
    )
    entries = await log(stores, session.account_id)
    assert entries[0] == (kind, "Firefox")
    assert len(entries) == 3
    assert await listed(stores, session.account_id) == []
    use = sessions_pb2.UseSessionRequest(secret_hash=session.secret_hash)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.UseSession(use, timeout=10)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_nobody_ends_the_session_of_another_account(stores: Stores) -> None:
    session = await stores.some_session(await stores.some_account())
    request = revocation(session)
    request.account_id = await stores.some_account()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.RevokeSession(request, timeout=10)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert await listed(stores, session.account_id) == [session.id]


async def test_a_revocation_says_why(stores: Stores) -> None:
    session = await stores.some_session(await stores.some_account())
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.RevokeSession(
            revocation(session, sessions_pb2.SESSION_END_UNSPECIFIED), timeout=10
        )
    assert fields_at_fault(refused.value) == ["reason"]


async def test_an_unknown_secret_opens_nothing(stores: Stores) -> None:
    use = sessions_pb2.UseSessionRequest(secret_hash=secrets.token_bytes(32))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.sessions.UseSession(use, timeout=10)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
