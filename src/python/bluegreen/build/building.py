"""Makes a release of a checkout: builds, pushes what the registry has not, puts it together."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bluegreen import commands
from bluegreen.build import rendering
from bluegreen.build.fit import check_fit
from bluegreen.build.images import Built, DockerImages, Images
from bluegreen.bundle import Bundle, digest
from bluegreen.commands import Say
from bluegreen.errors import DocumentError, PortError, TemporaryError
from bluegreen.ports import Clock
from bluegreen.release import Heads, Release
from bluegreen.secret import resolve, run
from bluegreen.settings import REGISTRY_PASSWORD, Settings

type Render = Callable[[Path], str]
"""Gives the content of a Compose file that stands alone."""

_PAUSES = (2.0, 4.0)  # seconds, after each try but the last
_LOOK = 30.0  # seconds that a registry may take to say what it has
_HEADS_TIMEOUT = 60.0
_GIT_TIMEOUT = 30.0
_EVERY = 2.0  # seconds between two lines of progress
_MEGA = 1e6


def build(
    settings: Settings, checkout: Path, clock: Clock, say: Say, environment: Mapping[str, str]
) -> Bundle:
    """Make a release of a checkout, with the engine of this machine.

    Args:
        settings: What is delivered, and how it is built.
        checkout: The folder of the settings.
        clock: Time here.
        say: Is told lines of progress.
        environment: Where secrets and the engine's address are looked for.

    Raises:
        SettingsError: the registry's password is not to be had; the settings and the Compose files
            do not fit.
        PortError: the build failed; an image, the engine or the registry is not as it should be.
        DocumentError: a Compose file cannot be delivered.
    """
    secrets = resolve(settings.build_secrets(), environment, run)
    login = settings.project.registry_login
    known = (login.user, secrets[REGISTRY_PASSWORD]) if login else None
    builder = Builder(
        settings=settings,
        checkout=checkout,
        images=DockerImages(known, environment),
        clock=clock,
        say=say,
        environment=environment,
    )
    return builder.build()


class Builder:
    """Makes releases of a checkout.

    Args:
        settings: What is delivered, and how it is built.
        checkout: The folder of the settings.
        images: The images of this machine, and the registry.
        clock: Time here.
        say: Is told lines of progress.
        environment: What the command that builds is told, but for the secrets of the settings.
        render: Makes a Compose file stand alone.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        checkout: Path,
        images: Images,
        clock: Clock,
        say: Say,
        environment: Mapping[str, str],
        render: Render = rendering.render,
    ) -> None:
        self._settings = settings
        self._checkout = checkout
        self._images = images
        self._clock = clock
        self._say = say
        self._environment = environment
        self._render = render

    def build(self) -> Bundle:
        """Build and push; what the registry has already is not pushed, and keeps its digest."""
        revision = self._revision()
        files = self._files()
        check_fit(self._settings, files)
        settings = self._settings.build
        self._say(f"building: {' '.join(settings.command)}")
        commands.follow(
            settings.command,
            timeout=settings.timeout,
            folder=self._checkout,
            environment=self._settings.without_secrets(self._environment),
            say=self._say,
        )
        # All of them, before anything is pushed: one may be missing.
        built = {name: self._images.built(self._local(name)) for name in self._settings.built}
        heads = self._heads(built)
        release = Release(
            revision=revision,
            built_at=datetime.now(UTC).replace(microsecond=0),
            images={name: self._shipped(name, image) for name, image in built.items()},
            files={name: digest(content) for name, content in files.items()},
            heads=heads,
        )
        return Bundle(release, files)

    def _revision(self) -> str:
        git = ("git", "-C", str(self._checkout))
        changed = commands.output([*git, "status", "--porcelain"], timeout=_GIT_TIMEOUT)
        if changed:
            self._say("warning: the release will have changes that no commit of the checkout has")
        return commands.output([*git, "rev-parse", "HEAD"], timeout=_GIT_TIMEOUT).strip()

    def _files(self) -> dict[str, str]:
        files = self._settings.build.compose
        return {
            f"{name}.yml": self._render(self._checkout / path)
            for name, path in (("lane", files.lane), ("servers", files.servers))
        }

    def _local(self, name: str) -> str:
        return self._settings.build.images.format(name=name)

    def _heads(self, built: Mapping[str, Built]) -> Heads:
        asked = self._settings.build.heads
        if asked is None:
            return Heads()
        text = self._images.printed(built[asked.image], asked.command, _HEADS_TIMEOUT)
        source = f"what {' '.join(asked.command)} of {self._local(asked.image)} printed"
        try:
            return Heads.parse(text, source)
        except DocumentError as error:
            raise PortError(f"{source} is no JSON of heads", str(error)) from None

    def _shipped(self, name: str, image: Built) -> str:
        """Have an image in the registry; its repository and digest."""
        repository = f"{self._settings.project.registry}/{name}"
        began = self._clock.monotonic()
        end = began + self._settings.build.push_timeout
        found = self._tried(end, lambda _: self._images.digest(repository, image.tag, _LOOK))
        if found is not None:
            self._say(f"{name}: unchanged, {found}")
            return f"{repository}@{found}"
        progress = _Progress(name, self._clock, self._say)
        pushed = self._tried(
            end, lambda left: self._images.push(image, repository, image.tag, left, progress)
        )
        self._say(f"{name}: pushed in {self._clock.monotonic() - began:.1f} s, {pushed}")
        return f"{repository}@{pushed}"

    def _tried[T](self, end: float, act: Callable[[float], T]) -> T:
        """Do it, and again when what is in the way is temporary and there is time."""
        for pause in _PAUSES:
            try:
                return act(end - self._clock.monotonic())
            except TemporaryError as error:
                if self._clock.monotonic() + pause >= end:
                    raise
                self._say(f"{error}; again in {pause:g} s")
                self._clock.sleep(pause)
        return act(end - self._clock.monotonic())


class _Progress:
    """Tells how far a push is, now and then."""

    def __init__(self, name: str, clock: Clock, say: Say) -> None:
        self._name = name
        self._clock = clock
        self._say = say
        self._next = clock.monotonic()

    def __call__(self, done: int, whole: int) -> None:
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + _EVERY
            self._say(f"{self._name}: pushing, {done / _MEGA:.1f} of {whole / _MEGA:.1f} MB")
