"""The same content is the same image, and a change of code is a change of one layer."""

from pathlib import Path

import pytest

from tests.images import building
from tests.images.building import Image

pytestmark = pytest.mark.timeout(900)

_FOLDER = "src/python/services/identity"
_REFERENCE = "tandem-test/repeated:images-test"


def _build(at: Path, runtime: Image, *options: str) -> Image:
    return building.build(
        _FOLDER, at, _REFERENCE, f"--build-arg=RUNTIME={runtime.reference}", *options
    )


def test_two_builds_without_a_cache_give_the_same_image(runtime: Image, tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        with building.context(_FOLDER, tmp_path) as at:
            ids.append(_build(at, runtime, "--no-cache").inspect()["Id"])
    building.docker("image", "rm", _REFERENCE)
    assert ids[0] == ids[1]


def test_two_runtimes_without_a_cache_are_the_same_image(runtime: Image, tmp_path: Path) -> None:
    with building.context(building.RUNTIME, tmp_path) as at:
        again = building.build(building.RUNTIME, at, _REFERENCE, "--no-cache")
    found = again.inspect()["Id"]
    building.docker("image", "rm", _REFERENCE)
    assert found == runtime.inspect()["Id"]


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
