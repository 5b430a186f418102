"""What the engine told while containers started, in the order in which it happened.

with events(stack.name) as told:
    stack.up()
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.docker import Stack

_PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Event:
    """Something that happened to the container of a service.

    Attributes:
        service: Which, of the Compose file.
        what: Such as `start`, `die 0`, `health_status: healthy`.
    """

    service: str
    what: str


@contextmanager
def events(project: str) -> Iterator[list[Event]]:
    """The events of a project's containers from now to the end, when all of them are there."""
    kinds = ("start", "die", "health_status")
    command = [
        *("docker", "events", "--format={{json .}}", "--filter=type=container"),
        f"--filter=label=com.docker.compose.project={project}",
        *(f"--filter=event={kind}" for kind in kinds),
        f"--since={time.time():.3f}",
    ]
    told: list[Event] = []
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, text=True
    ) as following:
        try:
            yield told
        finally:
            following.terminate()
            said, _ = following.communicate(timeout=_PATIENCE)
    told += [_event(json.loads(line)) for line in said.splitlines()]


def too_early(stack: Stack, told: list[Event]) -> list[str]:
    """Who started before what it needs was healthy, or had ended well."""
    config: dict[str, Any] = json.loads(stack.compose("config", "--format=json"))
    return [
        f"{name} before {other}"
        for name, service in config["services"].items()
        for other, needed in service.get("depends_on", {}).items()
        if Event(other, _READY[needed["condition"]]) not in told[: told.index(Event(name, "start"))]
    ]


_READY = {
    "service_healthy": "health_status: healthy",
    "service_completed_successfully": "die 0",
}


def _event(told: dict[str, Any]) -> Event:
    attributes = told["Actor"]["Attributes"]
    code = f" {attributes['exitCode']}" if "exitCode" in attributes else ""
    return Event(attributes["com.docker.compose.service"], f"{told['Action']}{code}")
