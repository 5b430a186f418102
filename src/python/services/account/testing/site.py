"""The whole application over fakes, without a socket of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import httpx
from starlette.types import ASGIApp
from tandem.database.v1.accounts_pb2_grpc import add_AccountStoreServicer_to_server
from tandem.database.v1.activity_pb2_grpc import add_ActivityLogServicer_to_server
from tandem.identity.v1.identity_pb2_grpc import add_IdentityServicer_to_server

import grpc_kafka
from chassis.web.site import Site
from grpc_kafka import aio
from grpc_kafka.testing import InMemoryBroker
from services.account.application import build
from services.account.clients import Clients
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.live.streams import Pace, Streams
from services.account.pages.views import Clock, utc_now
from services.account.testing.faults import Faults
from services.account.testing.identity import FakeIdentity
from services.account.testing.ledger import Ledger
from services.account.testing.stores import FakeAccountStore, FakeActivityLog

PUBLIC_URL = "http://127.0.0.1:8080"
DEADLINE = 20.0
"""Seconds that an answer may take: no machine on which tests run is as slow as that."""

MOST_STREAMS = 8


@dataclass(frozen=True)
class Fakes:
    """Identity and the stores in memory, and the gateways that reach them.

    Attributes:
        ledger: What they remember.
        service: Identity.
        faults: Makes methods of any of them refuse.
    """

    identity: IdentityGateway
    accounts: AccountsGateway
    ledger: Ledger
    service: FakeIdentity
    faults: Faults


@dataclass(frozen=True)
class Stage:
    """A site with what stands behind it, for a test to look into."""

    app: ASGIApp
    streams: Streams
    url: str
    fakes: Fakes

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own: cookies are kept, redirects are not followed."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=self.url, headers=headers)


@asynccontextmanager
async def fakes(deadline: float = DEADLINE) -> AsyncIterator[Fakes]:
    """The services that account asks, over the transport in memory."""
    ledger, faults, broker = Ledger(), Faults(), InMemoryBroker()
    service = FakeIdentity(ledger)
    server = aio.server(_endpoint("fakes"), interceptors=[faults], broker=broker)
    add_IdentityServicer_to_server(service, server)
    add_AccountStoreServicer_to_server(FakeAccountStore(ledger), server)
    add_ActivityLogServicer_to_server(FakeActivityLog(ledger), server)
    await server.start()
    async with aio.channel(_endpoint("account"), broker=broker) as channel:
        identity = IdentityGateway(channel, deadline)
        yield Fakes(identity, AccountsGateway(channel, deadline), ledger, service, faults)
    await server.stop(None)


@asynccontextmanager
async def staged(
    public_url: str = PUBLIC_URL,
    clock: Clock = utc_now,
    pace: Pace | None = None,
    deadline: float = DEADLINE,
) -> AsyncIterator[Stage]:
    """A site over the fakes."""
    async with fakes(deadline) as behind:
        clients = Clients([ip_network("127.0.0.0/8")])
        site, streams = Site.at(public_url), Streams(MOST_STREAMS, pace)
        app = build(site, behind.identity, behind.accounts, clients, streams, clock)
        yield Stage(app, streams, public_url, behind)


def _endpoint(application: str) -> grpc_kafka.Endpoint:
    return grpc_kafka.Endpoint(
        bootstrap_servers="in memory", lane="test", application=application, kafka={}
    )
