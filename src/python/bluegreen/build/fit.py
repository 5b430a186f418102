"""Whether settings and Compose files speak of the same services."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from bluegreen.engine.variables import image_variable
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
        *_tasks(settings, of_files[LANE]),
        *_images(settings, services),
    ]
    if problems:
        raise SettingsError(f"what the settings say of {' and '.join(files)}", problems)


def _services(named: Sequence[str], lane: Mapping[str, Any]) -> Iterator[str]:
    there = {name for name, service in lane.items() if TASK not in service.get("profiles", ())}
    for name in named:
        if name not in there:
            yield f"project.services: {LANE} has no service {name}"
    for name in sorted(there.difference(named)):
        yield f"project.services: {LANE} has {name}, which is not among them"


def _tasks(settings: Settings, lane: Mapping[str, Any]) -> Iterator[str]:
    for when, lines in settings.tasks:
        for line in [lines] if isinstance(lines, str) else lines or ():
            name = line.split()[0]
            if name not in lane:
                yield f"tasks.{when}: {LANE} has no service {name}"
            elif TASK not in lane[name].get("profiles", ()):
                yield f"tasks.{when}: the service {name} has no profile {TASK}"


def _images(settings: Settings, services: Mapping[str, Any]) -> Iterator[str]:
    known = {image_variable(name) for name in settings.built}
    for name, service in services.items():
        wanted = _IMAGE.match(service.get("image", ""))
        if wanted is None:
            yield f"build.names: the service {name} has an image that no TANDEM_IMAGE_... names"
        elif wanted[0].removeprefix("${") not in known:
            yield f"build.names: nothing is built for {wanted[0]}}} of the service {name}"
