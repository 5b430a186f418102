import os
from pathlib import Path

import pytest
import yaml

from bluegreen.fit import check_fit
from bluegreen.rendering import render
from bluegreen.settings import FILE, Settings
from tests.support import docker


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
    needed = {name for text in files.values() for name in yaml.safe_load(text)["secrets"]}
    _, production = settings.destination("production")
    assert production.secrets.keys() == needed
