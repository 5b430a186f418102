"""The images of all programs, built once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.images import building
from tests.images.building import Image

_TAG = "images-test"


@contextmanager
def _built(folder: str, at: Path, *options: str) -> Iterator[Image]:
    reference = f"tandem-test/{folder.rsplit('/', 1)[-1]}:{_TAG}"
    with building.context(folder, at) as files:
        image = building.build(folder, files, reference, *options)
    yield image
    building.docker("image", "rm", image.reference)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image that all others are built on."""
    building.require_docker()
    with _built(building.RUNTIME, tmp_path_factory.mktemp("runtime")) as image:
        yield image


@pytest.fixture(scope="session")
def data_runtime(runtime: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image that those are built on which speak to PostgreSQL."""
    at = tmp_path_factory.mktemp("runtime-data")
    with _built(building.DATA_RUNTIME, at, building.on(runtime)) as image:
        yield image


@pytest.fixture(scope="session")
def bases(runtime: Image, data_runtime: Image) -> Mapping[str, Image]:
    """What programs are built on, by the folders of it."""
    return {building.RUNTIME: runtime, building.DATA_RUNTIME: data_runtime}


@pytest.fixture(scope="session", params=building.SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Image]:
    """The image of each server in turn."""
    building.require_docker()
    folder = str(request.param)
    with _built(folder, tmp_path_factory.mktemp(folder.rsplit("/", 1)[-1])) as image:
        yield image


@pytest.fixture(scope="session", params=building.PROGRAMS)
def folder(request: pytest.FixtureRequest) -> str:
    """Each program in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def base(folder: str, bases: Mapping[str, Image]) -> Image:
    """The image that the program's is built on."""
    return bases[building.base(folder)]


@pytest.fixture(scope="session")
def image(folder: str, base: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The program's image."""
    at = tmp_path_factory.mktemp(folder.rsplit("/", 1)[-1])
    with _built(folder, at, building.on(base)) as image:
        yield image
