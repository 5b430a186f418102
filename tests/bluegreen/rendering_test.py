import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bluegreen.build.rendering import compose, render
from tests.support import docker
from tests.support.applications import APPLICATIONS

DIGEST = "registry.example.com/tandem/{}@sha256:" + "5" * 64
TOLD = {
    "TANDEM_LANE": "green",
    "TANDEM_PROJECT": "shop",
    "TANDEM_SECRETS": "/srv/tandem/secrets",
    "TANDEM_PORT": "443",
    "TANDEM_ADDRESS": "192.0.2.7",
    "TANDEM_EDGE_SUBNET": "10.9.9.0/24",
    "TANDEM_PUBLIC_URL": "https://www.example.com",
    "TANDEM_VERSION": "20260101-000001-0123456789ab",
    "TANDEM_BACKUPS": "/srv/backups",
    "TANDEM_LOG_LEVEL": "debug",
    "TANDEM_TRACES_ENDPOINT": "http://otel:4318",
    "TANDEM_TRACES_RATIO": "0.5",
    "TANDEM_KAFKA_BOOTSTRAP_SERVERS": "kafka:9092,kafka-2:9092",
    "TANDEM_SCENARIO_EMAIL": "scenario@www.example.com",
    "TANDEM_TRUSTED_BALANCERS": "10.1.0.0/16",
    **{f"TANDEM_IMAGE_{name.upper()}": DIGEST.format(name) for name in APPLICATIONS},
    "TANDEM_IMAGE_KAFKA": DIGEST.format("kafka"),
    "TANDEM_IMAGE_KAFKA_TOOLS": DIGEST.format("kafka-tools"),
    "TANDEM_IMAGE_NGINX": DIGEST.format("nginx"),
    "TANDEM_IMAGE_POSTGRES": DIGEST.format("postgres"),
}


@pytest.fixture
def folder() -> Path:
    docker.needed()
    return Path(os.environ[docker.CHECKOUT]) / "infra" / "compose"


def meaning(file: Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    command = ["docker", "compose", "--file", str(file), "--profile", "*", "config"]
    model: dict[str, Any] = json.loads(compose([*command, "--format", "json"], environment or {}))
    return model


@pytest.mark.parametrize("name", ["lane.yml", "servers.yml"])
def test_a_rendered_file_means_the_same_elsewhere_by_an_env_file_beside_it(
    folder: Path, tmp_path: Path, name: str
) -> None:
    rendered = tmp_path / "compose.yaml"
    rendered.write_text(render(folder / name))
    (tmp_path / ".env").write_text("".join(f"{key}='{value}'\n" for key, value in TOLD.items()))
    assert meaning(rendered) == meaning(folder / name, TOLD)
    assert str(folder.parent.parent) not in rendered.read_text()


@pytest.mark.parametrize("name", ["lane.yml", "servers.yml"])
def test_every_variable_of_a_rendered_file_is_one_that_it_is_told_in_this_test(
    folder: Path, name: str
) -> None:
    text = json.dumps(yaml.safe_load(render(folder / name)))
    written = {part.split("}")[0].split(":")[0] for part in text.split("${")[1:]}
    assert written <= TOLD.keys()


def test_tasks_and_volumes_that_may_be_folders_are_kept(folder: Path) -> None:
    lane, servers = (
        yaml.safe_load(render(folder / name))["services"] for name in ("lane.yml", "servers.yml")
    )
    assert lane["kafka-topics"]["profiles"] == ["task"]
    assert "${TANDEM_BACKUPS:-backups}:/backups" in servers["postgres"]["volumes"]


def test_variables_of_compose_itself_do_not_get_into_a_rendered_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = render(folder / "lane.yml")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "other")
    monkeypatch.setenv("TANDEM_LANE", "green")
    assert render(folder / "lane.yml") == before
