import os
from pathlib import Path

import pytest
import yaml

from bluegreen.build.fit import check_fit
from bluegreen.build.rendering import render
from bluegreen.settings import FILE, Settings
from bluegreen.setup.gathering import named
from infra.compose.make_secrets import make
from tests.support import docker
from tests.support.applications import APPLICATIONS


@pytest.fixture
def checkout() -> Path:
    docker.needed()
    return Path(os.environ[docker.CHECKOUT])


def test_the_settings_in_the_repository_fit_its_compose_files(checkout: Path) -> None:
    settings = Settings.load(checkout / FILE)
    compose = settings.build.compose
    files = {
        "lane.yml": render(checkout / compose.lane),
        "servers.yml": render(checkout / compose.servers),
    }
    check_fit(settings, files)
    assert settings.build.make_secrets is not None
    for name, path in (("lane.yml", compose.lane), ("servers.yml", compose.servers)):
        rendered = yaml.safe_load(files[name])["secrets"].keys()
        assert named((checkout / path).read_text()) == rendered


def test_what_the_repository_makes_is_what_its_compose_files_name(
    checkout: Path, tmp_path: Path
) -> None:
    settings = Settings.load(checkout / FILE).build
    files = (settings.compose.lane, settings.compose.servers)
    needed = {name for file in files for name in named((checkout / file).read_text())}
    assert needed
    assert needed <= set(make(tmp_path, APPLICATIONS))
