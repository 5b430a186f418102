"""Whether a registry is asked, and what is said of one that does not answer."""

# ruff: noqa: ARG002 - the signatures of the real ones.

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import cast

import docker
import pytest

from bluegreen.engine.client import Docker
from bluegreen.engine.compose import Compose
from bluegreen.engine.engine import ServerEngine
from bluegreen.engine.images import Images
from bluegreen.engine.lines import Line, Lines
from bluegreen.engine.variables import Variables
from bluegreen.errors import PortError, TemporaryError
from bluegreen.memory import Files, MemoryClock
from bluegreen.settings import Tasks
from bluegreen.ssh.connection import Connection
from bluegreen.testing import World, release


class Engine:
    """Docker that answers, and runs nothing."""

    @contextmanager
    def asked(self, timeout: float) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(containers=SimpleNamespace(list=lambda **_wanted: []))


class Registry(Images):
    """Images of which some are not there, of a registry that is away."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(None)
        self._missing = missing
        self.repositories: list[str] = []

    def missing(self, client: docker.DockerClient, images: object) -> list[str]:
        return list(self._missing)

    def ask(self, client: docker.DockerClient, repository: str) -> None:
        self.repositories.append(repository)
        raise TemporaryError("dial tcp: connection refused")


def engine(
    images: Images, compose: Compose | None = None, tasks: Tasks | None = None
) -> ServerEngine:
    world = World()
    return ServerEngine(
        connection=cast("Connection", None),
        files=Files(world),
        docker=cast("Docker", Engine()),
        lines=Lines("/srv/tandem", "tandem"),
        compose=compose or cast("Compose", None),
        images=images,
        variables=Variables("tandem", "/srv/tandem", "https://tandem.test", {}),
        tasks=tasks or Tasks(),
        services=(),
        clock=MemoryClock(world),
        say=lambda _: None,
    )


def test_no_registry_is_asked_where_all_images_are_there() -> None:
    registry = Registry([])
    engine(registry).ask_registry(release(1), 60)
    assert registry.repositories == []


def test_a_registry_that_is_away_is_named_with_what_to_do() -> None:
    registry = Registry([release(1).images["account"]])
    said = r"registry registry.test was not reached .*: dial tcp.*; see .* `doctor`"
    with pytest.raises(TemporaryError, match=said):
        engine(registry).ask_registry(release(1), 60)
    assert registry.repositories == ["registry.test/account"]


def test_a_schema_that_cannot_be_asked_names_the_servers_that_are_down() -> None:
    class Refuses(Compose):
        def run(self, line: Line, timeout: float) -> str:
            raise PortError(f"{line.name} ended with 1: connection refused", "of psycopg")

    asked = engine(Registry([]), Refuses(cast("Connection", None)), Tasks(heads="status"))
    said = r"connection refused; kafka, nginx, postgres: not healthy, .* `bluegreen servers`"
    with pytest.raises(PortError, match=said) as failed:
        asked.heads(release(1), 60)
    assert failed.value.detail == "of psycopg"
