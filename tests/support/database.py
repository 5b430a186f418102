"""A database of the product on a real PostgreSQL: its addresses, prepared and migrated."""

import secrets
from dataclasses import dataclass
from itertools import count

from pydantic import SecretStr
from sqlalchemy import URL

from services.database.history import History
from services.database.migrator import Limits, Migrator
from services.database.phases import Phase
from services.database.prepare import prepare
from services.database.settings import APP_ROLE, OWNER_ROLE, address
from tests.support.postgres import Postgres

_numbers = count(1)
# Roles belong to the cluster: all databases of a test run share their passwords. Each has
# characters that an address must escape.
_APP_PASSWORD = f"a%40%20%2B{secrets.token_hex(8)}"
_OWNER_PASSWORD = f"o%2F{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Addresses:
    """Where a database is, for each role, as the environment says it."""

    admin: str
    owner: str
    app: str

    def environment(self) -> dict[str, str]:
        """The variables that the service and its commands read."""
        return {
            "TANDEM_DATABASE_ADMIN_URL": self.admin,
            "TANDEM_DATABASE_OWNER_URL": self.owner,
            "TANDEM_DATABASE_URL": self.app,
        }


def new_addresses(server: Postgres) -> Addresses:
    """Addresses of a database that is not there yet."""
    name = f"tandem_{next(_numbers)}"
    return Addresses(
        admin=server.admin_url,
        owner=server.url(OWNER_ROLE, _OWNER_PASSWORD, name),
        app=server.url(APP_ROLE, _APP_PASSWORD, name),
    )


def prepared(server: Postgres) -> Addresses:
    """A new database with its roles, and no tables."""
    addresses = new_addresses(server)
    prepare(
        admin=to_url(addresses.admin),
        owner=to_url(addresses.owner),
        app=to_url(addresses.app),
        say=lambda _line: None,
    )
    return addresses


def migrated(server: Postgres) -> Addresses:
    """A new database that both phases of this release have run on."""
    addresses = prepared(server)
    migrator = Migrator(to_url(addresses.owner), History(), Limits(), say=lambda _line: None)
    for phase in Phase:
        migrator.run(phase)
    return addresses


def to_url(text: str) -> URL:
    """An address in SQLAlchemy's form."""
    return address(SecretStr(text))
