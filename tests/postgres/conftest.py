import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.database.history import History
from services.database.migrator import Limits, Migrator
from services.database.phases import Phase
from services.database.prepare import prepare
from tests.postgres import container
from tests.postgres.container import Container
from tests.support.database import to_url
from tests.support.requirements import missing

IMAGE = os.environ.get("TANDEM_TEST_POSTGRES_IMAGE", "postgres:17-trixie")


def make_roles(server: Container) -> None:
    """The roles and the empty database."""
    addresses = server.addresses()
    prepare(
        admin=to_url(addresses.admin),
        owner=to_url(addresses.owner),
        app=to_url(addresses.app),
        say=lambda _line: None,
    )


def migrate(server: Container) -> None:
    """The tables of this release."""
    migrator = Migrator(
        to_url(server.addresses().owner), History(), Limits(), say=lambda _line: None
    )
    for phase in Phase:
        migrator.run(phase)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Container]:
    """A server on a new cluster, without the product's roles."""
    if os.environ.get("TANDEM_TEST_DOCKER") != "1":
        missing("Docker: set TANDEM_TEST_DOCKER=1 where an engine and the images are")
    with container.running(IMAGE, tmp_path) as server:
        yield server


@pytest.fixture
def server(empty: Container) -> Container:
    """A server with the product's database, migrated."""
    make_roles(empty)
    migrate(empty)
    return empty
