"""What the tests of this room share."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from services.account.testing.browser import sign_up
from services.account.testing.site import Stage, staged

FIREFOX = "Mozilla/5.0 (X11; Linux) Firefox/130.0"


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    """A site over fakes."""
    async with staged() as site:
        yield site


@pytest_asyncio.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody is signed in with."""
    async with stage.client() as browser:
        yield browser


@pytest_asyncio.fixture
async def ada(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which Ada has just signed up."""
    async with stage.client(**{"user-agent": FIREFOX}) as browser:
        await sign_up(browser)
        yield browser
