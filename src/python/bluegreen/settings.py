"""`deploy.toml`: what is delivered, where to, and how patiently."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bluegreen.agreement import asked_for_heads, prepared_again_alone
from bluegreen.documents import problems
from bluegreen.errors import SettingsError
from bluegreen.fields import (
    Address,
    Argument,
    Check,
    Command,
    FileHere,
    FolderThere,
    HookedAction,
    LocalImage,
    Maker,
    Name,
    Registry,
    Seconds,
    SecretName,
    Task,
    Url,
    Variable,
    VariableValue,
)
from bluegreen.release import ServiceName
from bluegreen.secret import Secret
from bluegreen.step import MOST_WRITING, Action, default_timeouts
from bluegreen.watch import Limits

FILE = "deploy.toml"
REGISTRY_PASSWORD = "project.registry-login.password"  # noqa: S105 - the path of a secret

_LOOK_SECONDS = 60.0
_SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Table(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=_kebab, allow_inf_nan=False
    )


class Login(_Table):
    """Who the registry lets in."""

    user: Argument
    password: Secret


class Project(_Table):
    """What is delivered."""

    name: Name
    """Of the Compose projects: NAME for the servers, NAME-blue and NAME-green for the lanes."""

    registry: Registry
    """Where images are pushed to and pulled from: HOST[:PORT][/FOLDER]."""

    registry_login: Login | None = None
    """For pushing here and pulling there; without it, what `docker login` has kept here."""

    services: tuple[ServiceName, ...] = Field(min_length=1)
    """What runs in a lane; callers first, as their calls end when a lane drains."""


class ComposeFiles(_Table):
    """The Compose files that a release is made of, in the checkout."""

    lane: FileHere = Path("infra/compose/lane.yml")
    """The services of one release."""

    servers: FileHere = Path("infra/compose/servers.yml")
    """What belongs to no lane."""


class HeadsOf(_Table):
    """What says the newest revisions of the schema that a release knows."""

    image: ServiceName
    """One of those that are built."""

    command: Command
    """Its arguments; it prints `{"expand": "e0001", "contract": "c0001"}` and asks no database."""


class Build(_Table):
    """How a release is made from a checkout."""

    command: Command = ("./pants", "package", "src/python/services::", "infra::")
    """Builds all images."""

    images: LocalImage = "tandem/{name}:dev"
    """What the command calls them."""

    names: tuple[ServiceName, ...] = ()
    """What is built beside the services of the project: servers and tools."""

    compose: ComposeFiles = ComposeFiles()

    bases: FileHere | None = None
    """Names the images that others start from, NAME=IMAGE a line: who builds hears what moves."""

    heads: HeadsOf | None = None
    """None where there is no schema."""

    make_secrets: Maker | None = None
    """Makes the secrets that are not in a folder yet; those that are there stay as they are."""

    timeout: Seconds = 3600.0
    """Of the command, and of the one that makes secrets."""

    push_timeout: Seconds = 900.0
    """Of one image, with all its tries."""


class Tasks(_Table):
    """What runs before and after a lane: services of lane.yml with the profile `task`, in order.

    Each is the name of one, or its name and a command of its own, as a shell would split it. A
    brace is written twice.
    """

    heads: Task | None = None
    """Prints where the schema stands: `{"expand": "e0001", "contract": "c0001"}`."""

    check: Check | None = None
    """Refuses what the release that serves could not live with; `{expand}` is what that knows."""

    expand: tuple[Task, ...] = ()
    """Expand the schema."""

    contract: tuple[Task, ...] = ()
    """Contract it."""

    prepare: tuple[Task, ...] = ()
    """Before a lane starts: create and empty its topics, grant access."""

    prepare_again: tuple[Task, ...] | None = None
    """Those of them that a lane needs which was stopped and starts again; all by default."""

    publish: tuple[Task, ...] = ()
    """Add static files."""

    prove: tuple[Task, ...] = ()
    """Drive the scenario through a lane that has no traffic."""

    secrets: tuple[Task, ...] = ()
    """Have servers take over secrets that changed since what serves was started."""


class Hook(_Table):
    """A program of this machine, run in the folder of the settings."""

    command: Command
    timeout: Seconds = 60.0


class Hooks(_Table):
    """What runs on this machine beside the steps; see `bluegreen.hooks`."""

    before: Mapping[HookedAction, Hook] = Field(default_factory=dict)
    """A failure is that of the step, which is not done."""

    after: Mapping[HookedAction, Hook] = Field(default_factory=dict)
    """A failure is that of the step, which is undone if it can be."""

    succeeded: Hook | None = None
    """At the end; a failure changes nothing."""

    failed: Hook | None = None
    """At the end, once what can be undone is; a failure changes nothing."""


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
    """How many of the newest releases that served `prune` leaves."""


class Destination(_Table):
    """A server."""

    address: Address
    """USER@HOST[:PORT] of its sshd."""

    known_hosts: Path
    """The file with its host key; an unknown key is refused."""

    key: Secret | None = None
    """The private SSH key; without it, those of the agent and of this user."""

    folder: FolderThere = "/srv/tandem"
    """Where the deployer keeps its files there."""

    public_url: Url
    """How browsers reach the site."""

    least_free_bytes: int = Field(default=2_000_000_000, ge=0)
    """Room that its disk must have before a release is pulled."""

    secrets: Mapping[SecretName, Secret] = Field(default_factory=dict)
    """Files of secrets there, and where they come from."""

    environment: Mapping[Variable, VariableValue] = Field(default_factory=dict)
    """What the Compose files are told there."""

    timeouts: Mapping[Action, Seconds] = Field(default_factory=dict)
    watch: Watch = Watch()
    """Other than for all destinations."""


class Settings(_Table):
    """The whole file."""

    project: Project
    build: Build = Build()
    tasks: Tasks = Tasks()
    destinations: Mapping[Name, Destination] = Field(min_length=1)
    timeouts: Mapping[Action, Seconds] = Field(default_factory=dict)
    watch: Watch = Watch()
    keep: Keep = Keep()
    hooks: Hooks = Hooks()
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
        rules = (asked_for_heads, prepared_again_alone, _watched_too_long)
        unfit = list(dict.fromkeys(problem for rule in rules for problem in rule(content)))
        try:
            settings = cls.model_validate(content)
        except ValidationError as error:
            raise SettingsError(source, [*problems(error.errors(), cls), *unfit]) from None
        if unfit:
            raise SettingsError(source, unfit)
        return settings

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
        watching = {Action.WATCH: max(watch.seconds + _LOOK_SECONDS, _least_to_watch(watch))}
        timeouts = {**default_timeouts(), **watching, **self.timeouts, **own.timeouts}
        return chosen, own.model_copy(update={"watch": watch, "timeouts": timeouts})

    @property
    def built(self) -> tuple[str, ...]:
        """The names of all images of a release."""
        return tuple(dict.fromkeys((*self.project.services, *self.build.names)))

    @property
    def rollback_window(self) -> timedelta:
        """How long after a switch nothing is contracted."""
        return timedelta(seconds=self.keep.rollback_window)

    def secrets(self, destination: str) -> dict[str, Secret]:
        """The secrets that a destination needs, by their paths in the file."""
        own, here = self.destinations[destination], f"destinations.{destination}"
        named = {f"{here}.secrets.{name}": secret for name, secret in own.secrets.items()}
        if own.key is not None:
            named[f"{here}.key"] = own.key
        told = {f"notify[{place}]": secret for place, secret in enumerate(self.notify)}
        return named | self.build_secrets() | told

    def build_secrets(self) -> dict[str, Secret]:
        """The secrets that building and pushing needs, by their paths in the file."""
        login = self.project.registry_login
        return {} if login is None else {REGISTRY_PASSWORD: login.password}

    def without_secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What programs of the settings are told: no variable that holds a secret of any place."""
        named = [secret for place in self.destinations for secret in self.secrets(place).values()]
        secret = {each.environment for each in named}
        return {name: value for name, value in environment.items() if name not in secret}


def _watched_too_long(content: Mapping[str, object]) -> Iterator[str]:
    """That a step ends before its watch does, as far as what is written can tell."""
    destinations = _table(content, "destinations")
    for name in destinations:
        own = _table(destinations, name)
        there = (
            f"destinations.{name}.timeouts" if "watch" in _table(own, "timeouts") else "timeouts"
        )
        told = {**_table(content, "timeouts"), **_table(own, "timeouts")}
        with suppress(ValidationError):  # which is told by itself
            watch = Watch.model_validate({**_table(content, "watch"), **_table(own, "watch")})
            least = _least_to_watch(watch)
            if "watch" in told and _SECONDS.validate_python(told["watch"]) < least:
                yield f"{there}.watch: should be at least {least:g} s, to watch {watch.seconds:g} s"


def _least_to_watch(watch: Watch) -> float:
    """Seconds of a step that watches, looks for the last time, and writes it down."""
    limits = watch.limits()
    return limits.seconds + limits.round + MOST_WRITING


def _table(content: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = content.get(name)
    return table if isinstance(table, dict) else {}


def shown(settings: Settings, destination: str) -> dict[str, object]:
    """All settings of a destination as they hold, for people: secrets by their sources alone."""
    name, chosen = settings.destination(destination)
    whole = settings.model_copy(update={"destinations": {name: chosen}})
    dumped = whole.model_dump(mode="json", by_alias=True, exclude={"timeouts", "watch"})
    there = dumped["destinations"][name]
    there["secrets"] = {file: str(secret) for file, secret in sorted(chosen.secrets.items())}
    there["key"] = None if chosen.key is None else str(chosen.key)
    login = settings.project.registry_login
    if login is not None:
        dumped["project"]["registry-login"]["password"] = str(login.password)
    dumped["notify"] = [str(secret) for secret in settings.notify]
    return dumped
