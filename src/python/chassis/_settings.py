"""Settings from the environment and from files of secrets."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis._errors import SettingsError
from chassis._kafka import KafkaSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "TANDEM_"
SECRETS_DIR = "TANDEM_SECRETS_DIR"


class LogLevel(StrEnum):
    """The least severe level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log entry is written: a JSON object a line, or a line for people."""

    JSON = "json"
    CONSOLE = "console"


class Settings(KafkaSettings):
    """What every service is told by its environment; a service adds its own in a subclass.

    The field `http_port` is the variable `TANDEM_HTTP_PORT`, or the file `tandem_http_port` in the
    directory named by `TANDEM_SECRETS_DIR`. The variable wins.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", allow_inf_nan=False
    )

    lane: str = Field(default="blue", pattern=r"^[a-z][a-z0-9-]*$")
    """The release's lane: the first part of the names of its topics."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=0, le=65535)
    """Where health, and pages if the service has any, are served; 0 takes a free port."""

    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.JSON

    version: str = Field(default="dev", min_length=1, max_length=128)
    """The release; it is told with traces and metrics."""

    traces_endpoint: str | None = None
    """Where a collector takes spans by OTLP over HTTP: `http://host:4318`; empty for nowhere."""

    traces_ratio: float = Field(default=1.0, ge=0, le=1)
    """Which part of the traces is recorded; all services should have the same."""

    start_timeout: float = Field(default=30.0, gt=0, le=3600)
    """Seconds that the brokers have to answer at the start."""

    shutdown_grace: float = Field(default=10.0, ge=0, le=3600)
    """Seconds that running calls have to finish at the stop."""

    @field_validator("traces_endpoint")
    @classmethod
    def _addresses_a_collector(cls, endpoint: str | None) -> str | None:
        if not endpoint:
            return None
        try:
            parts = urlsplit(endpoint)
            complete = bool(parts.hostname) and parts.port != 0
        except ValueError:
            complete = False
        if not complete or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
            raise ValueError("should be a URL as http://host:4318")
        if parts.username is not None:
            raise ValueError("should have no user name and no password in it")
        return endpoint


def load[S: BaseSettings](settings_type: type[S]) -> S:
    """Read the settings of a service, or of a command of it, from its environment.

    Raises:
        SettingsError: with every problem found, not only the first; those of the files of secrets
            come before all others.
    """
    secrets = os.environ.get(SECRETS_DIR) or None  # empty is as not set, and not the working folder
    if secrets is not None and (problems := _unreadable(settings_type, Path(secrets))):
        raise SettingsError(problems)
    try:
        return settings_type(_secrets_dir=secrets)
    except ValidationError as error:
        raise SettingsError([_describe(detail) for detail in error.errors()]) from None


def _unreadable(settings_type: type[BaseSettings], directory: Path) -> list[str]:
    """What keeps the files of these settings from being read."""
    if not directory.is_dir():
        return [f"{SECRETS_DIR}: {directory} is not a directory"]
    names = {f"{PREFIX}{field}".lower() for field in settings_type.model_fields}
    try:
        files = sorted(file for file in directory.iterdir() if file.name.lower() in names)
    except OSError as error:
        return [f"{SECRETS_DIR}: {directory} cannot be listed: {error.strerror}"]
    return [f"{file.name.upper()}: {why}" for file in files if (why := _why_unreadable(file))]


def _why_unreadable(file: Path) -> str | None:
    try:
        file.read_text(encoding="utf-8")
    except OSError as error:
        return f"the file {file} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return f"the file {file} is not text in UTF-8"
    return None


def _describe(detail: "ErrorDetails") -> str:
    name = PREFIX + "_".join(str(part) for part in detail["loc"][:1]).upper()
    if detail["type"] == "missing":
        return f"{name}: not set, and it has no default"
    message = detail["msg"].removeprefix("Value error, ")
    if not message[:2].isupper():  # "JSON ..." and "URL ..." stay as they are
        message = f"{message[:1].lower()}{message[1:]}"
    return f"{name}: {message}" if detail["loc"] else message
