"""One whole system in containers for all tests of this suite."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.compose.started import Event, events
from tests.support import chromium, docker
from tests.support.docker import Stack


@dataclass(frozen=True)
class Started:
    """The whole system, as it was when it had just come up.

    Attributes:
        stack: The system.
        seconds: That it took, without any data.
        told: What the engine told meanwhile.
    """

    stack: Stack
    seconds: float
    told: list[Event]


@pytest.fixture(scope="session")
def started() -> Iterator[Started]:
    """The whole system, and how it came up."""
    with docker.project("infra/compose") as project:
        with events(project.name) as told:
            seconds = project.up()
        yield Started(project, seconds, told)


@pytest.fixture(scope="session")
def stack(started: Started) -> Stack:
    """The whole system, up."""
    return started.stack


@pytest.fixture(scope="session")
def told(started: Started) -> list[Event]:
    """What the engine told while it came up."""
    return started.told


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser; each visitor in it has cookies and a cache of their own."""
    with chromium.launched() as launched:
        yield launched
