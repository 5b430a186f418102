"""One server for all tests that deliver to it: each leaves it with a release that serves."""

from collections.abc import Iterator

import pytest

from bluegreen.ssh.connection import Address, Connection
from tests.support import delivery, releases
from tests.support.delivery import Delivery
from tests.support.releases import Shelf
from tests.support.sshd import Sshd


@pytest.fixture(scope="session")
def shelf() -> Iterator[Shelf]:
    """Where releases are made."""
    with releases.shelf() as made:
        yield made


@pytest.fixture(scope="session")
def site() -> Iterator[Delivery]:
    """A server with a first release on it."""
    with delivery.ready() as place:
        done = place.deploy()
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        yield place


@pytest.fixture
def connection(server: Sshd) -> Iterator[Connection]:
    """A connection to the server of the test's own module."""
    one = Connection(Address.parse(server.address), server.known_hosts, server.key.read_text())
    try:
        yield one
    finally:
        one.close()
