"""The images of all programs, built once."""

from collections.abc import Iterator

import pytest

from tests.images import building
from tests.images.building import Image

_TAG = "images-test"


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image that all others are built on."""
    building.require_docker()
    with building.context(building.RUNTIME, tmp_path_factory.mktemp("runtime")) as at:
        image = building.build(building.RUNTIME, at, f"tandem-test/runtime:{_TAG}")
    yield image
    building.docker("image", "rm", image.reference)


@pytest.fixture(scope="session", params=building.PROGRAMS)
def image(
    request: pytest.FixtureRequest, runtime: Image, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Image]:
    """The image of each program in turn."""
    folder = str(request.param)
    name = folder.rsplit("/", 1)[-1]
    with building.context(folder, tmp_path_factory.mktemp(name)) as at:
        built = building.build(
            *(folder, at, f"tandem-test/{name}:{_TAG}"),
            f"--build-arg=RUNTIME={runtime.reference}",
        )
    yield built
    building.docker("image", "rm", built.reference)
