"""The whole application over fakes, without a socket of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import grpc.aio
import httpx
from starlette.types import ASGIApp
from tandem.database.v1.accounts_pb2_grpc import add_AccountStoreServicer_to_server
from tandem.database.v1.activity_pb2_grpc import add_ActivityLogServicer_to_server
from tandem.identity.v1.identity_pb2_grpc import add_IdentityServicer_to_server

from services.account.application import build
from services.account.edge.clients import Clients
from services.account.gateways.accounts import AccountsGateway
from services.account.gateways.identity import IdentityGateway
from services.account.site import Site
from services.account.testing.faults import Faults
from services.account.testing.identity import FakeIdentity
from services.account.testing.ledger import Ledger
from services.account.testing.stores import FakeAccountStore, FakeActivityLog

PUBLIC_URL = "http://127.0.0.1:8080"
DEADLINE = 1.0  # seconds


@dataclass(frozen=True)
class Stage:
    """A site with what stands behind it, for a test to look into."""

    app: ASGIApp
    url: str
    ledger: Ledger
    identity: FakeIdentity
    faults: Faults

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own: cookies are kept, redirects are not followed."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=self.url, headers=headers)


@asynccontextmanager
async def staged(public_url: str = PUBLIC_URL, deadline: float = DEADLINE) -> AsyncIterator[Stage]:
    """A site over identity and stores in memory."""
    ledger, faults = Ledger(), Faults()
    identity = FakeIdentity(ledger)
    server = grpc.aio.server(interceptors=[faults])
    add_IdentityServicer_to_server(identity, server)
    add_AccountStoreServicer_to_server(FakeAccountStore(ledger), server)
    add_ActivityLogServicer_to_server(FakeActivityLog(ledger), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        app = build(
            Site.at(public_url),
            IdentityGateway(channel, deadline),
            AccountsGateway(channel, deadline),
            Clients([ip_network("127.0.0.0/8")]),
        )
        yield Stage(app, public_url, ledger, identity, faults)
    await server.stop(None)
