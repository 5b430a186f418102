"""The containers of Compose projects, and programs within them."""

import math
from collections.abc import Sequence
from datetime import datetime

import docker
from docker.models.containers import Container

from bluegreen.trace import traced

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
_ONE_OFF = "com.docker.compose.oneoff"


def found(
    client: docker.DockerClient,
    project: str,
    service: str | None = None,
    *,
    stopped: bool = False,
) -> list[Container]:
    """Those of a project, or of one service in it; tasks are none of them.

    Args:
        client: Of the engine.
        project: The name of the project.
        service: The service; all if None.
        stopped: Whether those that do not run count, too.
    """
    labels = [f"{PROJECT}={project}", f"{_ONE_OFF}=False"]
    if service is not None:
        labels.append(f"{SERVICE}={service}")
    return client.containers.list(all=stopped, filters={"label": labels})


def service_of(container: Container) -> str:
    """Which service of the Compose file a container is."""
    return str(container.labels[SERVICE])


def restarts_of(container: Container) -> int:
    """How often the engine started a container again that had ended by itself.

    It counts from when the container was last started by somebody.
    """
    return int(container.attrs.get("RestartCount", 0))


def starved(
    client: docker.DockerClient, containers: Sequence[Container], until: datetime
) -> frozenset[str]:
    """The ids of those that were killed for lack of memory, and started again by the engine.

    It tells that of a container until it has started it again. After that only its events do: the
    last 256 of all that happened, of some two minutes while a deployer asks it much.

    Args:
        client: Of the engine.
        containers: Of whom to tell.
        until: Now, by the engine's clock: it would go on telling what happens otherwise.
    """
    restarted = [each for each in containers if restarts_of(each)]
    if not restarted:
        return frozenset()
    began = min(datetime.fromisoformat(each.attrs["Created"]) for each in restarted)
    events = client.events(
        since=int(began.timestamp()),
        until=math.ceil(until.timestamp()),  # which ends it, within a second
        filters={"event": "oom", "container": [each.id for each in restarted]},
        decode=True,
    )
    return frozenset(event["Actor"]["ID"] for event in events)


def executed(container: Container, command: Sequence[str]) -> tuple[int, str]:
    """The exit code of a program within a container, and what it wrote."""
    with traced(f"in {container.name}", command) as ended:
        code, output = container.exec_run(list(command))
        assert isinstance(code, int) and isinstance(output, bytes)  # noqa: S101, PT018 - not streamed
        ended(code)
    return code, output.decode(errors="replace")
