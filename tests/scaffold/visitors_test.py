"""What docs/pages.md has a service know of who is signed in, by an identity in memory."""

from collections.abc import AsyncIterator
from datetime import UTC
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import grpc.aio
import pytest
from tandem.identity.v1.identity_pb2 import Grant, SignOutRequest, SignUpRequest
from tandem.identity.v1.identity_pb2_grpc import IdentityStub, add_IdentityServicer_to_server

from chassis.web.cookies import Cookie, CookieJar, CookiePolicy
from chassis.web.visitors import keep_access
from grpc_kafka import Endpoint, aio
from grpc_kafka.testing import InMemoryBroker
from services.account.testing.identity import FakeIdentity
from services.account.testing.ledger import Ledger
from tests.docs.commands import block

ENDPOINT = Endpoint(bootstrap_servers="in memory", lane="test", application="parcels")
ACCOUNT_ID = "01980000-0000-7000-8000-000000000001"


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    """The page's module."""
    written = tmp_path / "visitors.py"
    written.write_text(block("docs/pages.md", "python", "class Visitors"))
    spec = spec_from_file_location("visitors", written)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def channel() -> AsyncIterator[grpc.aio.Channel]:
    broker = InMemoryBroker()
    server = aio.server(ENDPOINT, broker=broker)
    add_IdentityServicer_to_server(FakeIdentity(Ledger()), server)
    await server.start()
    async with aio.channel(ENDPOINT, broker=broker) as opened:
        yield opened
    await server.stop(None)


async def signed_up(channel: grpc.aio.Channel) -> Grant:
    request = SignUpRequest(account_id=ACCOUNT_ID, email="ada@example.com", password="engine")
    return (await IdentityStub(channel).SignUp(request, timeout=20)).grant


def jar(grant: Grant | None = None, *, fresh: bool = True) -> CookieJar:
    """The cookies of a browser: what account has put there, the token only while it is fresh."""
    browser = CookieJar(CookiePolicy(secure=True), {})
    if grant:
        browser.put(Cookie.SESSION, grant.session_secret)
        if fresh:
            expires_at = grant.access_expires_at.ToDatetime(tzinfo=UTC)
            keep_access(browser, grant.session_secret, grant.access_token, expires_at)
    return browser


@pytest.mark.parametrize("fresh", [True, False])
async def test_who_is_signed_in_is_known_with_a_fresh_token_and_without(
    module: ModuleType, channel: grpc.aio.Channel, *, fresh: bool
) -> None:
    visitors, browser = module.Visitors(channel), jar(await signed_up(channel), fresh=fresh)
    for visitor in (await visitors.known(browser), await visitors.live(browser)):
        assert visitor.account_id == ACCOUNT_ID


async def test_a_session_that_has_ended_changes_nothing_any_more(
    module: ModuleType, channel: grpc.aio.Channel
) -> None:
    grant = await signed_up(channel)
    ended = SignOutRequest(session_secret=grant.session_secret)
    await IdentityStub(channel).SignOut(ended, timeout=20)
    visitors = module.Visitors(channel)
    assert await visitors.known(jar(grant))  # for as long as its token lives
    assert await visitors.known(jar(grant, fresh=False)) is None
    assert await visitors.live(jar(grant)) is None


async def test_nobody_is_known_without_a_session(
    module: ModuleType, channel: grpc.aio.Channel
) -> None:
    assert await module.Visitors(channel).known(jar()) is None
