"""The containers of Compose projects, and programs within them."""

from collections.abc import Sequence

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


def executed(container: Container, command: Sequence[str]) -> tuple[int, str]:
    """The exit code of a program within a container, and what it wrote."""
    with traced(f"in {container.name}", command) as ended:
        code, output = container.exec_run(list(command))
        assert isinstance(code, int) and isinstance(output, bytes)  # noqa: S101, PT018 - not streamed
        ended(code)
    return code, output.decode(errors="replace")
