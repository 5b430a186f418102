"""`deploy.toml`: what is delivered, where to, and how patiently."""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from bluegreen.documents import problems
from bluegreen.errors import SettingsError
from bluegreen.release import ServiceName
from bluegreen.secret import Secret
from bluegreen.step import Action, default_timeouts
from bluegreen.watch import Limits

FILE = "deploy.toml"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_ADDRESS = re.compile(r"(?P<user>[a-z_][a-z0-9_-]*)@(?P<host>[A-Za-z0-9.-]+)(:(?P<port>\d{1,5}))?")
_LOOK_SECONDS = 60.0
_MOST_SECONDS = 30 * 86_400


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value)
    if found is None:
        raise ValueError('should be a number of seconds, or as "90s", "15m", "2h" or "7d"')
    return float(found[1]) * _UNITS[found[2]]


def _address(value: str) -> str:
    found = _ADDRESS.fullmatch(value)
    if found is None or not 0 < int(found["port"] or 22) <= 65535:  # noqa: PLR2004 - ports
        raise ValueError("should be as USER@HOST or USER@HOST:PORT")
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?/?", value):
        raise ValueError("should be as https://HOST or https://HOST:PORT")
    return value.removesuffix("/")


type Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=_MOST_SECONDS)]
type Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]


type SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$")]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Table(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=_kebab, allow_inf_nan=False
    )


class Project(_Table):
    """What is delivered."""

    name: Name
    """Of the Compose projects: NAME for the servers, NAME-blue and NAME-green for the lanes."""

    registry: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$")]
    """Where images are pushed to and pulled from: HOST[:PORT][/FOLDER]."""

    services: tuple[ServiceName, ...] = Field(min_length=1)
    """What runs in a lane."""


class Watch(_Table):
    """When a new lane does too badly; see `bluegreen.watch.Limits`."""

    seconds: Seconds = 60.0
    interval: Seconds = 2.0
    least_requests: int = Field(default=20, ge=1)
    failure_rate: float = Field(default=0.01, ge=0, le=1)
    slower: float = Field(default=2.0, ge=1)
    fast_enough: Seconds = 0.5

    def limits(self) -> Limits:
        """The same as a value of the decision."""
        return Limits(**self.model_dump())


class Keep(_Table):
    """What a way back needs."""

    rollback_window: Seconds = 86_400.0
    """How long after a switch nothing is contracted."""

    releases: int = Field(default=5, ge=1, le=100)
    """How many of the newest releases `prune` leaves."""


class Destination(_Table):
    """A server."""

    address: Annotated[str, AfterValidator(_address)]
    """USER@HOST[:PORT] of its sshd."""

    known_hosts: Path
    """The file with its host key; an unknown key is refused."""

    folder: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._/-]+$")] = "/srv/tandem"
    """Where the deployer keeps its files there."""

    public_url: Annotated[str, AfterValidator(_url)]
    """How browsers reach the site."""

    least_free_bytes: int = Field(default=2_000_000_000, ge=0)
    """Room that its disk must have before a release is pulled."""

    secrets: Mapping[SecretName, Secret] = Field(default_factory=dict)
    """Files of secrets there, and where they come from."""

    timeouts: Mapping[Action, Seconds] = Field(default_factory=dict)
    watch: Watch = Watch()
    """Other than for all destinations."""


class Settings(_Table):
    """The whole file."""

    project: Project
    destinations: Mapping[Name, Destination] = Field(min_length=1)
    timeouts: Mapping[Action, Seconds] = Field(default_factory=dict)
    watch: Watch = Watch()
    keep: Keep = Keep()
    notify: tuple[Secret, ...] = ()
    """Whom to tell: each is the URL of a target, which holds a password and is a secret."""

    @classmethod
    def parse(cls, text: str, source: str = FILE) -> Self:
        """Read them from TOML.

        Raises:
            SettingsError: with every problem found, each after its path; no value is repeated.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(source, [f"is no TOML: {error}"]) from None
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise SettingsError(source, problems(error.errors(), cls)) from None

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read them from a file.

        Raises:
            SettingsError: it cannot be read, or is wrong.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SettingsError(str(file), [f"cannot be read: {reason}"]) from None
        return cls.parse(text, str(file))

    def destination(self, name: str | None) -> tuple[str, Destination]:
        """A destination, with what holds for all where it says nothing else; the only one if None.

        Raises:
            SettingsError: there is none of this name, or none was named of several.
        """
        names = ", ".join(self.destinations)
        if name is None and len(self.destinations) > 1:
            raise SettingsError("--destination", [f"is missing; there are {names}"])
        chosen = name or next(iter(self.destinations))
        if chosen not in self.destinations:
            raise SettingsError("--destination", [f"{chosen} is none of {names}"])
        own = self.destinations[chosen]
        watch = self.watch.model_copy(update=own.watch.model_dump(exclude_unset=True))
        watching = {Action.WATCH: watch.seconds + _LOOK_SECONDS}
        timeouts = {**default_timeouts(), **watching, **self.timeouts, **own.timeouts}
        return chosen, own.model_copy(update={"watch": watch, "timeouts": timeouts})

    @property
    def rollback_window(self) -> timedelta:
        """How long after a switch nothing is contracted."""
        return timedelta(seconds=self.keep.rollback_window)

    def secrets(self, destination: str) -> dict[str, Secret]:
        """The secrets that a destination needs, by their paths in the file."""
        own = self.destinations[destination].secrets
        named = {f"destinations.{destination}.secrets.{name}": own[name] for name in own}
        return named | {f"notify[{place}]": secret for place, secret in enumerate(self.notify)}


def shown(settings: Settings, destination: str) -> dict[str, object]:
    """All settings of a destination as they hold, for people: secrets by their sources alone."""
    name, chosen = settings.destination(destination)
    whole = settings.model_copy(update={"destinations": {name: chosen}})
    dumped = whole.model_dump(mode="json", by_alias=True, exclude={"timeouts", "watch"})
    dumped["destinations"][name]["secrets"] = {
        file: str(secret) for file, secret in sorted(chosen.secrets.items())
    }
    dumped["notify"] = [str(secret) for secret in settings.notify]
    return dumped
