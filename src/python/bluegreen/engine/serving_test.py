"""Why what serves is not as if it were delivered now."""

# ruff: noqa: ARG002 - the signatures of the real ones.

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from bluegreen.engine.client import Asked
from bluegreen.engine.lines import Lines
from bluegreen.engine.serving import Serving
from bluegreen.engine.variables import Variables
from bluegreen.lane import Lane
from bluegreen.memory import SERVICES, TOOLS
from bluegreen.testing import START, World, files, release

ONE = release(1)
OTHERS = {"TANDEM_PORT": "8080"}
COMPOSE = """\
services: {}
secrets:
  one: {file: "${TANDEM_SECRETS:-./secrets}/one"}
  two: {file: "${TANDEM_SECRETS:-./secrets}/two"}
"""


class Server:
    """One whose blue lane has a release."""

    def __init__(self) -> None:
        self.world = World()
        self.running = set(SERVICES)
        self.started = dict.fromkeys(SERVICES, START + timedelta(hours=1))
        self.secrets = {"one": START, "two": START, "of nobody": START + timedelta(days=1)}
        self.settings = dict(OTHERS)
        self.world.files["lanes/blue/.env"] = self._variables().render(ONE, Lane.BLUE)
        self.world.files["lanes/blue/compose.yaml"] = COMPOSE

    def written(self) -> Mapping[str, datetime]:
        return self.secrets

    @contextmanager
    def asked(self, timeout: float) -> Iterator[object]:
        yield SimpleNamespace(containers=SimpleNamespace(list=self._list))

    def lacks(self) -> list[str]:
        serving = self._serving()
        return serving.ill(Lane.BLUE, ONE, 20) + serving.changes(Lane.BLUE, ONE, 20)

    def newer(self) -> list[str]:
        return self._serving().newer_secrets(Lane.BLUE, 20)

    def _list(self, **options: object) -> list[object]:
        return [
            SimpleNamespace(
                labels={"com.docker.compose.service": name},
                attrs={
                    "Config": {"Image": ONE.images[name]},
                    "State": {
                        "Running": name in self.running,
                        "StartedAt": self.started[name].isoformat(),
                    },
                },
            )
            for name in self.started
        ]

    def _variables(self) -> Variables:
        return Variables("tandem", "/srv/tandem", "https://tandem.test", self.settings)

    def _serving(self) -> Serving:
        return Serving(
            docker=cast("Asked", self),
            files=files(self.world),
            secrets=self,
            lines=Lines("/srv/tandem", "tandem"),
            variables=self._variables(),
            tools=frozenset(TOOLS),
        )


def test_what_serves_as_it_was_started_lacks_nothing() -> None:
    assert Server().lacks() == []


def test_a_container_that_is_dead_is_lacking() -> None:
    server = Server()
    server.running.remove("account")
    assert server.lacks() == ["blue is not healthy: account"]


@pytest.mark.parametrize("settings", [{}, {"TANDEM_PORT": "80"}, {**OTHERS, "TANDEM_MORE": "1"}])
def test_other_settings_are_told(settings: dict[str, str]) -> None:
    server = Server()
    server.settings = settings
    assert server.lacks() == [
        "the settings of the destination are other ones than blue started with"
    ]


def test_secrets_that_changed_since_the_first_container_started_are_told() -> None:
    server = Server()
    server.started["database"] += timedelta(hours=2)
    server.secrets["two"] = server.started["account"] + timedelta(seconds=1)
    assert server.newer() == ["two"]
    assert server.lacks() == ["two changed since blue started"]


def test_what_ended_since_it_started_has_old_secrets_too() -> None:
    server = Server()
    server.running.clear()
    server.secrets["one"] += timedelta(days=1)
    assert server.newer() == ["one"]


def test_where_nothing_was_started_every_secret_is_new() -> None:
    server = Server()
    server.started.clear()
    assert server.newer() == ["one", "two"]
