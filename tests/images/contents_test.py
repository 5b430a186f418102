"""What is in the images, and how they run."""

import pytest

from tests.images import building
from tests.images.building import Image
from tests.support.applications import WITH_PAGES

pytestmark = pytest.mark.timeout(600)

_LAYER_LIMIT = 5_000_000
_LARGER = {"database": 40_000_000}
"""SQLAlchemy, psycopg with libpq, alembic: docs/images.md says how much of each."""

_FIND = """
import os, re
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in {"/proc", "/sys"}]
    for path in (os.path.join(folder, name) for name in folders + files):
        if re.search(PATTERN, path):
            print(path)
"""

# What belongs to the user of the image, or may be written by everybody and is no temporary folder.
_FIND_OWN = """
import os, stat
for folder, folders, files in os.walk("/"):
    folders[:] = [n for n in folders if os.path.join(folder, n) not in {"/proc", "/sys", "/dev"}]
    for path in (os.path.join(folder, name) for name in folders + files):
        status = os.lstat(path)
        everybodys = status.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH
        if status.st_uid == os.getuid() or everybodys and not stat.S_ISLNK(status.st_mode):
            print(path)
"""

_VOLUMES = {
    **{name: ["/srv/static"] for name in ("account", *WITH_PAGES)},
    "identity": ["/var/lib/tandem/signing-keys"],
}

_TOOLS = "cc|gcc|g[+][+]|ld|as|make|cmake|cargo|rustc|go|javac|git|pip[0-9.]*|apt|apt-get|uv"


def _name(image: Image) -> str:
    return image.reference.rpartition("/")[2].partition(":")[0]


def _paths(image: Image, pattern: str) -> list[str]:
    """The files and folders of an image whose paths match."""
    return image.python(f"PATTERN = {pattern!r}\n{_FIND}").split()


def test_an_image_runs_as_a_numbered_user_that_owns_nothing_but_its_volume(image: Image) -> None:
    assert image.config()["User"] == "10001:10001"
    assert image.python("import os; print(os.getuid(), os.getgid())").split() == ["10001", "10001"]
    assert image.python(_FIND_OWN).split() == _VOLUMES.get(_name(image), [])


def test_a_command_runs_hardened_under_an_init(image: Image) -> None:
    arguments = () if "kafka-tools" in image.reference else ("--help",)
    assert "usage:" in image.run(*arguments)
    entrypoint = image.config()["Entrypoint"]
    assert isinstance(entrypoint, list)
    assert entrypoint[0] == "/app/dumb-init"


def test_no_program_of_an_image_builds_or_installs(image: Image) -> None:
    assert _paths(image, f"bin/({_TOOLS})$") == []
    assert _paths(image, "/[.]git$|site-packages/pip$|/ensurepip$|[.]pex$") == []


def test_an_image_holds_no_secret(image: Image) -> None:
    assert _paths(image, "/run/secrets|signing_keys|[.]key$|/[.]env$|/[.]netrc$|/pip[.]conf$") == []
    environment = image.config()["Env"]
    assert isinstance(environment, list)
    assert not [line for line in environment if "PASSWORD" in line or "SECRET" in line]


def test_an_image_tells_its_fingerprint(image: Image) -> None:
    labels = image.config()["Labels"]
    assert isinstance(labels, dict)
    assert len(labels["tandem.fingerprint"]) == 32


def test_sources_are_a_small_layer_of_their_own(image: Image) -> None:
    assert image.layer_sizes()[-1] < _LAYER_LIMIT


def test_requirements_that_not_all_have_are_a_small_layer(image: Image) -> None:
    assert image.layer_sizes()[-2] < _LARGER.get(_name(image), _LAYER_LIMIT)


def test_images_share_the_layers_of_the_runtime(image: Image, runtime: Image) -> None:
    shared = runtime.layers()
    assert image.layers()[: len(shared)] == shared
    assert len(image.layers()) == len(shared) + 2


def test_a_service_is_asked_for_its_health_without_a_shell(image: Image) -> None:
    if "kafka-tools" in image.reference:
        assert "Healthcheck" not in image.config()
        return
    check = image.config()["Healthcheck"]
    assert isinstance(check, dict)
    assert check["Test"] == ["CMD", "/app/bin/python", "-I", "-S", "/app/healthy.py"]


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        ("PYTHON_IMAGE", building.RUNTIME),
        ("POSTGRES_IMAGE", "infra/postgres"),
        ("NGINX_IMAGE", "infra/nginx"),
        ("KAFKA_IMAGE", "infra/kafka"),
    ],
)
def test_a_dockerfile_names_the_base_that_is_pinned(variable: str, folder: str) -> None:
    dockerfile = (building.ROOT / folder / "Dockerfile").read_text()
    assert f"\nARG {variable}={building.bases()[variable]}\n" in dockerfile
