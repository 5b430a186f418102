import asyncio

import grpc
import psycopg

from grpc_kafka import aio
from tests.database import process
from tests.database.stores import Stores, new_account, new_session
from tests.support.database import Addresses
from tests.support.services import Service

CALLERS = 4
ACKNOWLEDGED = 30
"""Sign-ins that are acknowledged before the process is killed, and again after."""

LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
"""What a caller may be told while nobody answers."""

SUMMARY = """
SELECT (SELECT count(*) FROM sessions WHERE account_id = %(account)s),
       (SELECT count(*) FROM activities WHERE account_id = %(account)s AND kind = 'signed_in')
"""


async def sign_in(stores: Stores, account_id: str, acknowledged: set[str]) -> None:
    """Sign in again and again; the same sign-in until it is answered."""
    while True:
        request = new_session(account_id)
        while request.id not in acknowledged:
            try:
                answer = await stores.sessions.CreateSession(request, timeout=20)
            except grpc.aio.AioRpcError as error:
                if error.code() not in LOST:
                    raise
            else:
                acknowledged.add(answer.session.id)


async def until(acknowledged: set[str], size: int) -> None:
    async with asyncio.timeout(90):
        while len(acknowledged) < size:  # noqa: ASYNC110  # the callers know of no event
            await asyncio.sleep(0.01)


async def test_a_killed_service_loses_nothing_that_it_acknowledged(
    kafka: str, service: Service, addresses: Addresses
) -> None:
    acknowledged: set[str] = set()
    async with aio.channel(process.endpoint(process.CALLER, kafka)) as channel:
        stores = Stores.on(channel)
        account = new_account()
        await stores.accounts.CreateAccount(account, timeout=30)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(sign_in(stores, account.id, acknowledged)) for _ in range(CALLERS)
            ]
            await until(acknowledged, ACKNOWLEDGED)
            service.kill()
            service.start()
            await until(acknowledged, 2 * ACKNOWLEDGED)
            for task in tasks:
                task.cancel()
    with psycopg.connect(addresses.owner) as owner:
        stored = {row[0] for row in owner.execute("SELECT id::text FROM sessions")}
        summary = owner.execute(SUMMARY, {"account": account.id}).fetchone()
    assert acknowledged <= stored
    assert summary is not None
    sessions, sign_ins = summary
    assert sessions == sign_ins
    assert sessions - len(acknowledged) <= CALLERS
