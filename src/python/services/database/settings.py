"""What the service and its commands are told by the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

import chassis

APP_ROLE = "tandem_app"
"""The role that the service runs as: rows only, no tables."""

OWNER_ROLE = "tandem_owner"
"""The role that migrates: it owns the tables."""

_FORM = "postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE"
_ADVICE = "percent-encode what is special in its password: %40 for @, %2F for /, %3A for :"
_DAY = 86_400.0
_SCHEMES = ("postgresql", "postgres")


def address(secret: SecretStr) -> URL:
    """The address in SQLAlchemy's form, which hides its password when printed.

    Raises:
        ValueError: it is not one; the message does not repeat it.
    """
    raw = secret.get_secret_value()
    # Past its first "@" a password would be read as the host, the port or the database, none of
    # which is kept secret.
    if raw.count("@") > 1:
        raise ValueError(f"is not of the form {_FORM}, with one @; {_ADVICE}")
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        # A port that is no number; int() repeats it, and it may be a part of the password.
        raise ValueError(f"is not of the form {_FORM}; {_ADVICE}") from None
    if url.drivername not in _SCHEMES or not url.username or not url.database:
        raise ValueError(f"is not of the form {_FORM}")
    return url.set(drivername="postgresql+psycopg")


def _of_role(role: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if address(secret).username != role:
            raise ValueError(f"names another role than {role}; its form is {_FORM}")
        return secret

    return AfterValidator(check)


def _any_role(secret: SecretStr) -> SecretStr:
    address(secret)
    return secret


type _AppUrl = Annotated[SecretStr, _of_role(APP_ROLE)]
type _OwnerUrl = Annotated[SecretStr, _of_role(OWNER_ROLE)]
type _AdminUrl = Annotated[SecretStr, AfterValidator(_any_role)]


class Settings(chassis.Settings):
    """What `serve` reads."""

    database_url: _AppUrl
    """Where PostgreSQL is, for the role `tandem_app`."""

    database_pool_size: int = Field(10, ge=1, le=200)
    """Most connections of this process for calls; one more listens for news.

    All processes together must fit `max_connections`.
    """

    database_pool_timeout: float = Field(3.0, gt=0, le=3600)
    """Seconds that a call waits for a free connection, before it is UNAVAILABLE."""

    database_connect_timeout: int = Field(5, ge=2, le=3600)
    """Seconds that PostgreSQL has to take a new connection."""

    database_statement_timeout: float = Field(10.0, gt=0, le=_DAY)
    """Seconds that a call's transaction may take; its deadline, when nearer, wins."""

    database_watches: int = Field(250, ge=1, le=10_000)
    """Most watches of accounts' activity at the same time."""

    database_cleanup_interval: float = Field(60.0, gt=0, le=_DAY)
    """Seconds between two clean-ups of what has expired."""

    database_session_retention: float = Field(30 * _DAY, ge=0, le=36_500 * _DAY)
    """Seconds that an expired session stays on record."""


class _CommandSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="TANDEM_", frozen=True, extra="ignore")


class MigrateSettings(_CommandSettings):
    """What `migrate` reads."""

    database_owner_url: _OwnerUrl
    """Where PostgreSQL is, for the role `tandem_owner`."""


class PrepareSettings(_CommandSettings):
    """What `prepare` reads; the roles get the passwords of their own addresses."""

    database_admin_url: _AdminUrl
    """Where PostgreSQL is, for a superuser; any existing database will do."""

    database_url: _AppUrl
    database_owner_url: _OwnerUrl
