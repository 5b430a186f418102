"""Identity as a whole on stores in memory, for tests."""

import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, override

import grpc.aio
from tandem.identity.v1.identity_pb2 import Grant, SignInRequest, SignUpRequest
from tandem.identity.v1.identity_pb2_grpc import IdentityStub, add_IdentityServicer_to_server
from uuid_utils.compat import uuid7

import grpc_kafka
from grpc_kafka import aio, testing
from services.identity import key_files
from services.identity.key_ring import KeyRing
from services.identity.memory_stores import MemoryStores
from services.identity.serve import assemble
from services.identity.settings import Settings

if TYPE_CHECKING:
    from tandem.identity.v1.identity_pb2_grpc import IdentityAsyncStub

EMAIL = "ada@example.org"
PASSWORD = "correct horse"  # noqa: S105  # of an account that a test makes
CLIENT = "192.0.2.7"
DIGEST_KEY = "of attempts that a test counts, and nobody else"
TIMEOUT = 10.0
"""Seconds, for calls of tests."""


class CountingExecutor(Executor):
    """Counts what it was given to compute: for `Passwords`, the hashes."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self.count = 0

    @override
    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Count and compute."""
        self.count += 1
        return self._threads.submit(fn, *args, **kwargs)


class ShiftedClock:
    """Seconds since the epoch, plus some."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return time.time() + self.shift


@dataclass(frozen=True)
class Running:
    """The service, and what a test looks at or changes.

    Attributes:
        stub: Calls the service.
        stores: What stands for `database`.
        keys: The directory of signing keys; there is one at first.
        clock: The time by which the keys are re-read and settle.
        hashes: Counts the hashes computed.
    """

    stub: "IdentityAsyncStub"
    stores: MemoryStores
    keys: Path
    clock: ShiftedClock
    hashes: CountingExecutor

    async def sign_up(
        self,
        *,
        account_id: str | None = None,
        email: str = EMAIL,
        password: str = PASSWORD,
        client_address: str = CLIENT,
    ) -> Grant:
        """Open an account, a new one unless an id is given."""
        request = SignUpRequest(
            account_id=account_id or str(uuid7()),
            email=email,
            password=password,
            display_name="Ada",
            user_agent="Firefox",
            client_address=client_address,
        )
        return (await self.stub.SignUp(request, timeout=TIMEOUT)).grant

    async def sign_in(
        self, *, email: str = EMAIL, password: str = PASSWORD, client_address: str = CLIENT
    ) -> Grant:
        """Sign in."""
        request = SignInRequest(
            email=email, password=password, user_agent="Safari", client_address=client_address
        )
        return (await self.stub.SignIn(request, timeout=TIMEOUT)).grant


def quick_settings(keys: Path, **changes: object) -> Settings:
    """Settings by which a hash takes no time."""
    usual = {
        "kafka_bootstrap_servers": "in memory",
        "http_port": 0,
        "signing_keys": keys,
        "attempt_digest_key": DIGEST_KEY,
        "password_hash_time_cost": 1,
        "password_hash_memory_cost": 8,
        "password_hash_parallelism": 1,
    }
    return Settings.model_validate(usual | changes)


@asynccontextmanager
async def running(directory: Path, **settings: object) -> AsyncIterator[Running]:
    """Run the service, its keys in an empty directory, with some settings changed."""
    stores, clock, broker = MemoryStores(), ShiftedClock(), testing.InMemoryBroker()
    database = aio.server(endpoint("database"), broker=broker)
    stores.add_to(database)
    async with started(database), serving(directory, broker, clock, **settings) as (stub, hashes):
        yield Running(stub, stores, directory, clock, hashes)


@asynccontextmanager
async def serving(
    directory: Path,
    broker: testing.InMemoryBroker,
    clock: Callable[[], float] = time.time,
    **settings: object,
) -> AsyncIterator[tuple["IdentityAsyncStub", CountingExecutor]]:
    """Serve identity on a broker that `database` is served on; gives a stub that calls it."""
    key_files.create(directory)
    with ThreadPoolExecutor(2) as threads:
        hashes = CountingExecutor(threads)
        async with (
            aio.channel(endpoint("identity"), broker=broker) as database,
            aio.channel(endpoint("tests"), broker=broker) as channel,
        ):
            keys = KeyRing(directory, clock)
            identity = assemble(quick_settings(directory, **settings), database, keys, hashes)
            server = aio.server(endpoint("identity"), broker=broker)
            add_IdentityServicer_to_server(identity, server)
            async with started(server):
                yield IdentityStub(channel), hashes


@asynccontextmanager
async def started(server: grpc.aio.Server) -> AsyncIterator[None]:
    """Start a server, and stop it at the end."""
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def endpoint(application: str) -> grpc_kafka.Endpoint:
    """Where an application is on a broker in memory."""
    return grpc_kafka.Endpoint(
        bootstrap_servers="in memory", lane="blue", application=application, kafka={}
    )
