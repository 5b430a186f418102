"""What a build does before there is a release, as values: printed first, and rehearsed."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from bluegreen.settings import Settings

BUILD = "build"
HEADS = "heads"
PUSH = "push"

HEADS_TIMEOUT = 60.0
"""Seconds that an image may take to print its heads."""

_TAG = "FINGERPRINT-CONTENT"


@dataclass(frozen=True)
class Stage:
    """One thing that is done on this machine.

    Attributes:
        name: What to call it.
        timeout: Seconds that it may take.
        does: What it does, for people.
        commands: What it runs, as a shell reads it; what is in parentheses has no command.
    """

    name: str
    timeout: float
    does: str
    commands: tuple[str, ...]


def stages(settings: Settings) -> Iterator[Stage]:
    """Those of a build, in order. Pure: nothing is run."""
    asked = settings.build.heads
    looked = (f"docker image inspect {local(settings, name)}" for name in settings.built)
    command = shlex.join(settings.build.command)
    yield Stage(BUILD, settings.build.timeout, "build all images", (command, *looked))
    if asked is not None:
        alone = ("--rm", "--network=none", "--read-only", "--cap-drop=ALL")
        printing = ["docker", "run", *alone, local(settings, asked.image), *asked.command]
        does = f"ask the image of {asked.image} which revisions of the schema it knows"
        yield Stage(HEADS, HEADS_TIMEOUT, does, (shlex.join(printing),))
    for name in settings.built:
        yield _push(settings, name)


def local(settings: Settings, name: str) -> str:
    """What an image is called on this machine."""
    return settings.build.images.format(name=name)


def repository(settings: Settings, name: str) -> str:
    """Where an image is pushed to."""
    return f"{settings.project.registry}/{name}"


def _push(settings: Settings, name: str) -> Stage:
    there = f"{repository(settings, name)}:{_TAG}"
    return Stage(
        f"{PUSH} {name}",
        settings.build.push_timeout,
        f"push {name}, if the registry has not what is in it",
        (
            f"docker manifest inspect {there}",
            "(if it is not there:)",
            f"docker tag {local(settings, name)} {there}",
            f"docker push {there}",
            f"docker image rm {there}",
        ),
    )
