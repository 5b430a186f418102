"""One started system and one browser for all tests of this suite."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import chromium, collector, system
from tests.support.collector import Collector
from tests.support.system import System

_STARTED = pytest.StashKey[System]()


@pytest.fixture(scope="session")
def spans() -> Iterator[Collector]:
    """Where the system sends its spans."""
    with collector.running() as made:
        yield made


@pytest.fixture(scope="session")
def tandem(request: pytest.FixtureRequest, spans: Collector) -> Iterator[System]:
    """The whole system; tests leave it running and whole."""
    with system.running({"TANDEM_TRACES_ENDPOINT": spans.url}) as started:
        request.config.stash[_STARTED] = started
        yield started
        del request.config.stash[_STARTED]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser; each visitor in it has cookies and a cache of their own."""
    with chromium.launched() as launched:
        yield launched


@pytest.fixture
def calm(tandem: System) -> Iterator[None]:
    """Nothing may have been complained of in a log when the test is over."""
    before = len(tandem.complaints())
    yield
    assert tandem.complaints()[before:] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of all logs with a test that failed."""
    report = yield
    started = item.config.stash.get(_STARTED, None)
    if report.failed and started is not None:
        report.sections.extend(started.tails())
    return report
