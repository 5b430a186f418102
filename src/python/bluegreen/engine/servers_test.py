"""What is said of Kafka, PostgreSQL and nginx, by what Docker says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
from docker.models.containers import Container

from bluegreen.engine.engine import SERVERS, ServerEngine
from bluegreen.engine.servers import Servers
from bluegreen.engine.variables import Variables
from bluegreen.lane import Lane
from bluegreen.memory import Files
from bluegreen.testing import World, release

OF = release(1).model_copy(update={"images": {n: f"registry.test/{n}:1" for n in SERVERS}})
VARIABLES = Variables("tandem", "/srv/tandem", "https://tandem.test", {})


def container(service: str, state: dict[str, Any]) -> Container:
    attributes = {
        "Id": service,
        "State": {"Status": "running", "Running": True, "ExitCode": 0, **state},
        "Config": {
            "Labels": {"com.docker.compose.service": service},
            "Image": OF.images[service],
        },
    }
    return Container(attributes)


class Engine:
    def __init__(self, containers: list[Container]) -> None:
        self.containers = containers

    @contextmanager
    def asked(self, _timeout: float) -> Iterator[docker.DockerClient]:
        listed = SimpleNamespace(list=lambda **_wanted: self.containers)
        yield cast("docker.DockerClient", SimpleNamespace(containers=listed))


def servers(**states: dict[str, Any]) -> Servers:
    """Servers that are as a release has them, but for states of some."""
    told = {name: container(name, states.get(name, {})) for name in SERVERS}
    files = Files(World())
    files.write(f"releases/{OF.version}/servers.yml", "services: {}")
    files.write("servers/compose.yaml", "services: {}")
    files.write("servers/.env", VARIABLES.render(OF, Lane.GREEN))
    return Servers(
        docker=Engine(list(told.values())),
        files=files,
        engine=cast("ServerEngine", None),
        variables=VARIABLES,
        project="tandem",
    )


def test_servers_that_run_as_a_release_has_them_are_no_difference() -> None:
    assert servers().differences(OF, 9) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"Running": False, "Status": "exited"}, "does not run"),
        ({"Health": {"Status": "unhealthy", "Log": []}}, "is not healthy"),
        ({"Status": "restarting", "Restarting": True}, "is not healthy"),
    ],
)
def test_a_server_that_does_not_run_well_is_one(state: dict[str, Any], said: str) -> None:
    ill = servers(postgres=state)
    assert ill.behind(OF, 9) == {"postgres": said}
    assert ill.differences(OF, 9) == [f"postgres {said}"]


def test_so_is_one_of_another_image_or_one_that_is_not_there() -> None:
    images = {**OF.images, "kafka": "registry.test/kafka:2"}
    new = OF.model_copy(update={"images": images})
    assert servers().behind(new, 9) == {"kafka": "runs another image"}
    none = Servers(
        docker=Engine([]),
        files=Files(World()),
        engine=cast("ServerEngine", None),
        variables=VARIABLES,
        project="tandem",
    )
    assert none.behind(OF, 9) == dict.fromkeys(sorted(SERVERS), "does not run")
