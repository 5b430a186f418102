"""Makes a release of a checkout: builds, pushes what the registry has not, puts it together."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bluegreen import commands
from bluegreen.build import rendering
from bluegreen.build.bases import unpinned
from bluegreen.build.fit import check_fit
from bluegreen.build.images import Built, Images
from bluegreen.build.stages import BUILD, HEADS, HEADS_TIMEOUT, PUSH, local, repository
from bluegreen.bundle import Bundle, digest
from bluegreen.commands import Say
from bluegreen.engine.images import NO_SUCH_TAG
from bluegreen.errors import DocumentError, PortError, SettingsError, TemporaryError
from bluegreen.journal import Journal
from bluegreen.ports import Clock
from bluegreen.release import Heads, Release
from bluegreen.settings import Settings

type Render = Callable[[Path], str]
"""Gives the content of a Compose file that stands alone."""

_PAUSES = (2.0, 4.0)  # seconds, after each try but the last
_LOOK = 30.0  # seconds that a registry may take to say what it has
_GIT_TIMEOUT = 30.0
_EVERY = 2.0  # seconds between two lines of progress
_MEGA = 1e6


@dataclass(frozen=True)
class Prepared:
    """What is known of a release before anything is built.

    Attributes:
        revision: The commit of the checkout.
        files: The contents of its Compose files, which stand alone, by their names.
        moving: The bases that no digest pins, which may become others.
    """

    revision: str
    files: Mapping[str, str]
    moving: Sequence[str]


class Builder:
    """Makes releases of a checkout.

    Args:
        settings: What is delivered, and how it is built.
        checkout: The folder of the settings.
        images: The images of this machine, and the registry.
        clock: Time here.
        journal: Where what becomes of each stage is written down.
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
        journal: Journal,
        say: Say,
        environment: Mapping[str, str],
        render: Render = rendering.render,
    ) -> None:
        self._settings = settings
        self._checkout = checkout
        self._images = images
        self._clock = clock
        self._journal = journal
        self._say = say
        self._environment = environment
        self._render = render

    def build(self) -> Bundle:
        """Make a release, all at once; see `prepared`, `ask_registry` and `made`."""
        prepared = self.prepared()
        self.ask_registry()
        return self.made(prepared)

    def prepared(self) -> Prepared:
        """Look at the checkout; nothing is built.

        Raises:
            SettingsError: the settings and the Compose files do not fit, or there is no file of
                bases.
            DocumentError: a Compose file cannot be delivered.
            PortError: it is no checkout of git, or Compose is not there.
        """
        revision, files = self._revision(), self._files()
        check_fit(self._settings, files)
        return Prepared(revision, files, self._moving())

    def ask_registry(self) -> None:
        """See that the registry lets this machine in, before a build that takes its time.

        Raises:
            PortError: it does not, or does not answer.
        """
        asked = repository(self._settings, self._settings.built[0])
        end = self._clock.monotonic() + _LOOK
        self._tried(end, lambda left: self._images.digest(asked, NO_SUCH_TAG, left))

    def made(self, prepared: Prepared) -> Bundle:
        """Build and push; what the registry has already is not pushed, and keeps its digest.

        Raises:
            PortError: the build failed; an image, the engine or the registry is not as it should
                be.
        """
        with self._journal.stage(BUILD):
            built = self._built(prepared.moving)
        release = Release(
            revision=prepared.revision,
            heads=self._heads(built),
            built_at=datetime.now(UTC).replace(microsecond=0),
            images={name: self._shipped(name, image) for name, image in built.items()},
            files={name: digest(content) for name, content in prepared.files.items()},
        )
        return Bundle(release, prepared.files)

    def _built(self, moving: Sequence[str]) -> dict[str, Built]:
        settings = self._settings.build
        if moving:
            self._say(
                f"warning: no digest pins {', '.join(moving)}; where a registry moves such a tag, "
                f"every image becomes another one: pin them in {settings.bases}"
            )
        self._say(f"building: {shlex.join(settings.command)}")
        commands.follow(
            settings.command,
            timeout=settings.timeout,
            folder=self._checkout,
            environment=self._settings.without_secrets(self._environment),
            say=self._say,
        )
        # All of them, before anything is pushed: one may be missing.
        names = self._settings.built
        return {name: self._images.built(local(self._settings, name)) for name in names}

    def _moving(self) -> Sequence[str]:
        file = self._settings.build.bases
        if file is None:
            return ()
        try:
            return unpinned((self._checkout / file).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError("build.bases", [f"{file}: {error.strerror}"]) from None

    def _revision(self) -> str:
        # A look takes no lock of git's, and writes nothing down.
        git = ("git", "--no-optional-locks", "-C", str(self._checkout))
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

    def _heads(self, built: Mapping[str, Built]) -> Heads:
        asked = self._settings.build.heads
        if asked is None:
            return Heads()
        with self._journal.stage(HEADS):
            text = self._images.printed(built[asked.image], asked.command, HEADS_TIMEOUT)
            image = local(self._settings, asked.image)
            source = f"what {' '.join(asked.command)} of {image} printed"
            try:
                return Heads.parse(text, source)
            except DocumentError as error:
                raise PortError(f"{source} is no JSON of heads", str(error)) from None

    def _shipped(self, name: str, image: Built) -> str:
        """Have an image in the registry; its repository and digest."""
        to = repository(self._settings, name)
        end = self._clock.monotonic() + self._settings.build.push_timeout
        with self._journal.stage(f"{PUSH} {name}") as ending:
            found = self._tried(end, lambda _: self._images.digest(to, image.tag, _LOOK))
            ending.was_so = found is not None
            if found is None:
                progress = _Progress(name, self._clock, self._say)
                found = self._tried(
                    end, lambda left: self._images.push(image, to, image.tag, left, progress)
                )
            ending.detail = found
        return f"{to}@{found}"

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
