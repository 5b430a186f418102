"""The same content is the same image, and a change of code is a change of one layer."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.images import building
from tests.images.building import Image

pytestmark = pytest.mark.timeout(900)

_FOLDER = "src/python/services/identity"
_REFERENCE = "tandem-test/repeated:images-test"


def _build(at: Path, runtime: Image) -> Image:
    return building.build(_FOLDER, at, _REFERENCE, building.on(runtime))


def _again(folder: str, at: Path, *options: str) -> object:
    """The digest of a folder's image, built once more, without the engine's cache."""
    with building.context(folder, at) as files:
        image = building.build(folder, files, _REFERENCE, "--no-cache", *options)
    found = image.inspect()["Id"]
    building.docker("image", "rm", _REFERENCE)
    return found


def test_a_program_built_without_a_cache_is_the_same_image(
    folder: str, image: Image, base: Image, tmp_path: Path
) -> None:
    assert _again(folder, tmp_path, building.on(base)) == image.inspect()["Id"]


def test_runtimes_built_without_a_cache_are_the_same_images(
    bases: Mapping[str, Image], tmp_path: Path
) -> None:
    first = bases[building.RUNTIME]
    assert _again(building.RUNTIME, tmp_path) == first.inspect()["Id"]
    second = _again(building.DATA_RUNTIME, tmp_path, building.on(first))
    assert second == bases[building.DATA_RUNTIME].inspect()["Id"]


def test_a_server_built_without_a_cache_is_the_same_image(server: Image, tmp_path: Path) -> None:
    folder = f"infra/{building.name(server)}"
    assert _again(folder, tmp_path) == server.inspect()["Id"]


def test_a_change_of_code_leaves_the_requirements_as_they_were(
    runtime: Image, tmp_path: Path
) -> None:
    with building.context(_FOLDER, tmp_path) as at:
        before = _build(at, runtime)
        layers, fingerprint = before.layers(), before.config()["Labels"]
        (module,) = at.glob("*/sources.pex/services/identity/serve.py")
        module.write_text(module.read_text() + "\n# A change.\n")
        after = _build(at, runtime)
        changed, other = after.layers(), after.config()["Labels"]
    building.docker("image", "rm", _REFERENCE)
    assert changed[:-1] == layers[:-1]
    assert changed[-1] != layers[-1]
    assert other != fingerprint
