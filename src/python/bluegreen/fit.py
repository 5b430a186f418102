"""Whether settings and Compose files speak of the same services."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from bluegreen.errors import SettingsError
from bluegreen.settings import Settings

LANE = "lane.yml"
"""The Compose file of what runs in a lane."""

TASK = "task"
"""The profile of services that end by themselves."""

_IMAGE = re.compile(r"\$\{TANDEM_IMAGE_([A-Z0-9_]+)")


def check_fit(settings: Settings, files: Mapping[str, str]) -> None:
    """See that all services, tasks and images that one side names are there on the other.

    Args:
        settings: What names services of a lane, tasks, and images that are built.
        files: The content of each Compose file.

    Raises:
        SettingsError: with everything that does not fit.
    """
    of_files = {name: yaml.safe_load(content)["services"] for name, content in files.items()}
    services = {name: each for there in of_files.values() for name, each in there.items()}
    problems = [
        *_services(settings.project.services, of_files[LANE]),
        *_tasks(settings, services),
        *_images(settings, services),
    ]
    if problems:
        raise SettingsError(f"what the settings say of {' and '.join(files)}", problems)


def variable(name: str) -> str:
    """The variable by which Compose files are told an image."""
    return f"TANDEM_IMAGE_{name.upper().replace('-', '_')}"


def _services(named: Sequence[str], lane: Mapping[str, Any]) -> Iterator[str]:
    there = {name for name, service in lane.items() if TASK not in service.get("profiles", ())}
    for name in named:
        if name not in there:
            yield f"project.services: {LANE} has no service {name}"
    for name in sorted(there.difference(named)):
        yield f"project.services: {LANE} has {name}, which is not among them"


def _tasks(settings: Settings, services: Mapping[str, Any]) -> Iterator[str]:
    for when, names in settings.tasks:
        for name in names:
            if name not in services:
                yield f"tasks.{when}: there is no service {name}"
            elif TASK not in services[name].get("profiles", ()):
                yield f"tasks.{when}: the service {name} has no profile {TASK}"


def _images(settings: Settings, services: Mapping[str, Any]) -> Iterator[str]:
    known = {variable(name) for name in settings.built}
    for name, service in services.items():
        wanted = _IMAGE.match(service.get("image", ""))
        if wanted is None:
            yield f"build.names: the service {name} has an image that no TANDEM_IMAGE_... names"
        elif wanted[0].removeprefix("${") not in known:
            yield f"build.names: nothing is built for {wanted[0]}}} of the service {name}"
