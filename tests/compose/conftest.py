"""One whole system in containers for all tests of this suite."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import chromium, docker
from tests.support.docker import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole system, up."""
    with docker.project("infra/compose") as project:
        project.up()
        yield project


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser; each visitor in it has cookies and a cache of their own."""
    with chromium.launched() as launched:
        yield launched
