import asyncio
import time
from dataclasses import dataclass
from typing import Never

import grpc
import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from structlog.testing import capture_logs
from tandem.database.v1 import accounts_pb2

from services.database.models import Account
from services.database.service import check_answers, connected
from services.database.settings import Settings
from services.database.transactions import ATTEMPTS, Transactions
from tests.database.stores import Stores, new_account, new_id
from tests.support.database import Addresses
from tests.support.postgres import Postgres


class AbortedError(Exception):
    """A call that was ended with this status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code


@dataclass
class Call:
    """The context of a call that has so many seconds."""

    remaining: float | None = None

    def time_remaining(self) -> float | None:
        return self.remaining

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: tuple[object, ...] = ()
    ) -> Never:
        assert details
        assert trailing_metadata == ()
        raise AbortedError(code, details)


class Conflicts:
    """Work that loses against others so often, and then wins."""

    def __init__(self, times: int, failure: str) -> None:
        self.runs = 0
        self._times = times
        self._failure = failure

    async def __call__(self, request: str, session: AsyncSession) -> str:
        self.runs += 1
        if self.runs <= self._times:
            await session.execute(text(self._failure))
        return request


LONG = 9.0
"""Seconds in which a limit of less than one ends a call, on a busy machine; all end after 10."""

SERIALIZATION_FAILURE = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"
LOST_CONNECTION = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.mark.parametrize("failure", [SERIALIZATION_FAILURE, LOST_CONNECTION])
async def test_a_transaction_that_loses_is_run_again(engine: AsyncEngine, failure: str) -> None:
    work = Conflicts(ATTEMPTS - 1, failure)
    assert await Transactions(engine, 5).answer(work, "answer", Call()) == "answer"
    assert work.runs == ATTEMPTS


async def test_a_transaction_that_always_loses_is_given_up(engine: AsyncEngine) -> None:
    work = Conflicts(ATTEMPTS, SERIALIZATION_FAILURE)
    with pytest.raises(AbortedError) as ended:
        await Transactions(engine, 5).answer(work, "answer", Call())
    assert ended.value.code is grpc.StatusCode.ABORTED
    assert work.runs == ATTEMPTS


async def test_calls_are_answered_again_once_postgresql_is_back(
    stores: Stores, server: Postgres
) -> None:
    request = new_account()
    made = await stores.accounts.CreateAccount(request, timeout=10)
    server.stop()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stores.accounts.CreateAccount(request, timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    server.start()
    assert await stores.accounts.CreateAccount(request, timeout=10) == made


async def test_broken_connections_in_the_pool_are_replaced_unnoticed(
    stores: Stores, server: Postgres
) -> None:
    get = accounts_pb2.GetAccountRequest(id=await stores.some_account())
    await asyncio.gather(*(stores.accounts.GetAccount(get, timeout=10) for _ in range(8)))
    server.stop()
    server.start()
    await asyncio.gather(*(stores.accounts.GetAccount(get, timeout=10) for _ in range(8)))


async def test_postgresql_is_healthy_at_once_after_a_restart(
    engine: AsyncEngine, server: Postgres
) -> None:
    await asyncio.gather(*(check_answers(engine) for _ in range(8)))
    server.stop()
    with pytest.raises(ConnectionError):
        await check_answers(engine)
    server.start()
    await check_answers(engine)
    server.stop()
    server.start()
    await asyncio.gather(*(check_answers(engine) for _ in range(8)))


async def waiting_for_locks(addresses: Addresses) -> int:
    """How many sessions of the server do, after a moment."""
    await asyncio.sleep(0.1)
    with psycopg.connect(addresses.admin) as admin:
        row = admin.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
    assert row is not None
    return int(row[0])


async def test_a_call_waits_for_a_lock_no_longer_than_its_deadline(
    stores: Stores, addresses: Addresses
) -> None:
    request = new_account()
    with psycopg.connect(addresses.owner) as other:
        other.execute("LOCK TABLE accounts")
        started = time.monotonic()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stores.accounts.CreateAccount(request, timeout=0.5)
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert time.monotonic() - started < LONG
        while await waiting_for_locks(addresses):
            assert time.monotonic() - started < LONG
    with pytest.raises(grpc.aio.AioRpcError) as missing:
        await stores.accounts.GetAccount(accounts_pb2.GetAccountRequest(id=request.id), timeout=10)
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_call_without_deadline_has_the_services_own_limit(engine: AsyncEngine) -> None:
    async def sleep(_request: str, session: AsyncSession) -> str:
        await session.execute(text("SELECT pg_sleep(30)"))
        return "slept"

    started = time.monotonic()
    with pytest.raises(AbortedError) as ended:
        await Transactions(engine, 0.3).answer(sleep, "", Call())
    assert ended.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - started < LONG


async def test_a_call_that_finds_no_free_connection_is_unavailable(
    settings: Settings, addresses: Addresses
) -> None:
    changed = {
        **settings.model_dump(),
        "database_url": addresses.app,
        "kafka_options": "{}",
        "database_pool_size": 1,
        "database_pool_timeout": 0.2,
    }
    async with connected(Settings.model_validate(changed)) as small, small.connect():
        with capture_logs() as logs, pytest.raises(AbortedError) as ended:
            await Transactions(small, 5).answer(Conflicts(0, ""), new_id(), Call())
    [entry] = logs
    assert entry["reason"] == "all database connections are busy; call again"
    assert ended.value.code is grpc.StatusCode.UNAVAILABLE


async def test_a_bug_is_logged_and_its_text_is_not_told(engine: AsyncEngine) -> None:
    async def stumble(_request: str, _session: AsyncSession) -> str:
        raise LookupError("ada@example.org")

    with capture_logs() as logs, pytest.raises(AbortedError) as ended:
        await Transactions(engine, 5).answer(stumble, "", Call())
    assert ended.value.code is grpc.StatusCode.INTERNAL
    assert str(ended.value) == "something went wrong here; it was noted"
    [entry] = logs
    assert (entry["event"], entry["log_level"], entry["exc_info"]) == ("call failed", "error", True)


async def test_a_value_that_no_store_refused_and_the_database_does_is_our_fault_and_logged(
    engine: AsyncEngine,
) -> None:
    row = {"id": new_id(), "email": f"{new_id()}@example.org", "display_name": "", "about": ""}

    async def insert_unchecked(_request: str, session: AsyncSession) -> str:
        await session.execute(insert(Account).values(row))
        return "inserted"

    with capture_logs() as logs, pytest.raises(AbortedError) as ended:
        await Transactions(engine, 5).answer(insert_unchecked, "", Call())
    assert ended.value.code is grpc.StatusCode.INTERNAL
    [entry] = logs
    assert "ck_accounts_display_name_length" in entry["reason"]
    assert row["email"] not in str(entry)


async def test_a_commit_that_breaks_is_neither_failed_nor_repeated(
    engine: AsyncEngine, server: Postgres
) -> None:
    runs = []

    async def lose_the_connection(_request: str, session: AsyncSession) -> str:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        runs.append(pid)
        with psycopg.connect(server.admin_url) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return "done"

    with pytest.raises(AbortedError, match="unknown") as ended:
        await Transactions(engine, 5).answer(lose_the_connection, "", Call())
    assert ended.value.code is grpc.StatusCode.UNAVAILABLE
    assert len(runs) == 1
