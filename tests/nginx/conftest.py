"""One nginx before one upstream for all tests of this suite."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chassis.assets import Assets
from tests.nginx.upstream import Upstream, answering
from tests.support import nginx
from tests.support.nginx import Nginx


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The account's static files, published."""
    folder = tmp_path_factory.mktemp("static")
    Assets.of("services.account").publish(folder)
    (folder / "plain.css").write_text("not fingerprinted")
    return folder


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """What stands in the place of account."""
    with answering() as server:
        yield server


@pytest.fixture(scope="session")
def edge(upstream: Upstream, static_root: Path) -> Iterator[Nginx]:
    """nginx before it."""
    with nginx.running(upstream.address, static_root) as server:
        yield server


@pytest.fixture
def client(edge: Nginx) -> Iterator[httpx.Client]:
    """A client that follows nothing."""
    with httpx.Client(base_url=edge.url, timeout=10) as opened:
        yield opened
