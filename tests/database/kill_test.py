import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psycopg
import pytest
from confluent_kafka import Producer

import grpc_kafka
from grpc_kafka import aio
from grpc_kafka.topics import of_inbox, of_queue
from tests.database.stores import Stores, new_account, new_session
from tests.support.database import Addresses
from tests.support.postgres import free_port
from tests.support.services import Service, environment

LANE = "blue"
CALLERS = 4
ACKNOWLEDGED = 30
"""Sign-ins that are acknowledged before the process is killed, and again after."""

LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
"""What a caller may be told while nobody answers."""

SUMMARY = """
SELECT (SELECT count(*) FROM sessions WHERE account_id = %(account)s),
       (SELECT count(*) FROM activities WHERE account_id = %(account)s AND kind = 'signed_in')
"""


@contextmanager
def broker() -> Iterator[str]:
    """The broker that librdkafka carries in itself; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.broker"],
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        # This broker makes a topic when it is first asked about.
        client = Producer({"bootstrap.servers": address})
        for name in topics():
            client.list_topics(name, timeout=10)
        yield address
        process.send_signal(signal.SIGTERM)


def topics() -> Iterator[str]:
    for store in ("AccountStore", "SessionStore", "ActivityLog", "AttemptStore"):
        yield of_queue(LANE, f"tandem.database.v1.{store}")
    for application in ("database", "tests"):
        yield of_inbox(LANE, application)


@pytest.fixture
def kafka() -> Iterator[str]:
    with broker() as address:
        yield address


@pytest.fixture
def service(kafka: str, addresses: Addresses, tmp_path: Path) -> Iterator[Service]:
    settings = {
        **addresses.environment(),
        "TANDEM_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "TANDEM_KAFKA_OPTIONS": '{"fetch.wait.max.ms": "2"}',
    }
    process = Service("database", "services.database", free_port(), settings, tmp_path)
    process.start()
    process.wait_until_healthy()
    yield process
    if process.runs:
        process.stop()


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
    endpoint = grpc_kafka.Endpoint(
        bootstrap_servers=kafka,
        lane=LANE,
        application="tests",
        kafka={"fetch.wait.max.ms": "2"},
    )
    acknowledged: set[str] = set()
    async with aio.channel(endpoint) as channel:
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
