"""What is in the images, and how they run."""

import re

import pytest

from tests.images import building
from tests.images.building import Image
from tests.support.applications import WITH_PAGES

pytestmark = pytest.mark.timeout(600)

_LAYER_LIMIT = 5_000_000

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


def _paths(image: Image, pattern: str) -> list[str]:
    """The files and folders of an image whose paths match."""
    return image.python(f"PATTERN = {pattern!r}\n{_FIND}").split()


def _found(image: Image, pattern: str) -> list[str]:
    """The same by a shell, where there is no Python."""
    script = "find / -path /proc -prune -o -path /sys -prune -o -print 2>/dev/null; true"
    return [path for path in image.shell(script).splitlines() if re.search(pattern, path)]


def _brought(image: Image, variable: str, pattern: str) -> list[str]:
    """Those of an image that its base has not: an official one comes with pip, or apt.

    One that `make-bases` made is to have none either.
    """
    found, base = _found(image, pattern), _official(variable)
    return sorted(set(found).difference(_found(base, pattern))) if base else found


def _official(variable: str) -> Image | None:
    """The base that a variable names, unless `make-bases` made it."""
    base = Image(building.bases()[variable])
    return None if "tandem.recipe" in _labels(base) else base


def _variable(server: Image) -> str:
    """The variable that names the base of a server."""
    return f"{building.name(server).upper()}_IMAGE"


def _labels(image: Image) -> dict[str, str]:
    labels = image.config()["Labels"]
    return dict(labels) if isinstance(labels, dict) else {}


def test_an_image_runs_as_a_numbered_user_that_owns_nothing_but_its_volume(image: Image) -> None:
    assert image.config()["User"] == "10001:10001"
    assert image.python("import os; print(os.getuid(), os.getgid())").split() == ["10001", "10001"]
    assert image.python(_FIND_OWN).split() == _VOLUMES.get(building.name(image), [])


def test_a_command_runs_hardened_under_an_init(image: Image) -> None:
    arguments = () if "kafka-tools" in image.reference else ("--help",)
    assert "usage:" in image.run(*arguments)
    entrypoint = image.config()["Entrypoint"]
    assert isinstance(entrypoint, list)
    assert entrypoint[0] == "/app/dumb-init"


def test_no_program_of_an_image_builds_or_installs(image: Image) -> None:
    assert _brought(image, "PYTHON_IMAGE", f"bin/({_TOOLS})$") == []
    assert _brought(image, "PYTHON_IMAGE", "/[.]git$|site-packages/pip$|/ensurepip$") == []
    assert _found(image, "[.]pex$") == []


def test_no_program_of_a_server_builds_or_installs(server: Image) -> None:
    assert _brought(server, _variable(server), f"bin/({_TOOLS})$|/[.]git$") == []


def test_an_image_holds_no_secret(image: Image) -> None:
    assert _paths(image, "/run/secrets|signing_keys|[.]key$|/[.]env$|/[.]netrc$|/pip[.]conf$") == []
    environment = image.config()["Env"]
    assert isinstance(environment, list)
    assert not [line for line in environment if "PASSWORD" in line or "SECRET" in line]


def test_an_image_tells_its_fingerprint_and_nothing_that_each_commit_changes(image: Image) -> None:
    _check_labels(image)


def test_the_image_of_a_server_tells_the_same(server: Image) -> None:
    _check_labels(server)


def _check_labels(image: Image) -> None:
    assert re.fullmatch("[0-9a-f]{32}", _labels(image)["tandem.fingerprint"])
    assert "org.opencontainers.image.revision" not in _labels(image)


# The same as _FIND_OWN, where there is no Python.
_OWN_BY_SHELL = """
find / -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o \\
    \\( -user "$(id -u)" -o -perm -0002 ! -perm -1000 ! -type l \\) -print 2>/dev/null
true
"""

_NUMBERS = {"kafka": "1000:1000", "nginx": "101:101", "postgres": "999:999"}

_FOLDERS = {
    "kafka": {"/home/appuser", "/var/lib/kafka", "/var/lib/kafka/data"},
    "nginx": {"/var/cache/nginx", "/var/lib/nginx-lane", "/var/log/nginx"},
    "postgres": {
        "/backups",
        "/etc/postgresql",
        "/var/lib/postgresql",
        "/var/lib/postgresql/data",
        "/run/postgresql",
    },
}
"""What belongs to the user of a server, where `make-bases` made its base: folders of its data."""


def _owned(image: Image, user: str) -> set[str]:
    """What belongs to a user in an image, or may be written by everybody."""
    options = ("--entrypoint=sh", f"--user={user}")
    return set(image.run("-c", _OWN_BY_SHELL, options=options).splitlines())


def test_a_server_runs_as_a_numbered_user_that_owns_nothing_but_where_its_data_are(
    server: Image,
) -> None:
    """And what an official base gives to this user: Kafka's gives it all of Kafka."""
    name = building.name(server)
    user = _NUMBERS[name]
    assert server.config()["User"] == user
    base = _official(_variable(server))
    given = _FOLDERS[name] | (_owned(base, user) if base else set())
    assert sorted(_owned(server, user) - given) == []


def test_sources_are_a_small_layer_of_their_own(image: Image) -> None:
    assert image.layer_sizes()[-1] < _LAYER_LIMIT


def test_requirements_that_not_all_have_are_a_small_layer(image: Image) -> None:
    assert image.layer_sizes()[-2] < _LAYER_LIMIT


def test_an_image_adds_two_layers_to_those_of_its_runtime(image: Image, base: Image) -> None:
    shared = base.layers()
    assert image.layers()[: len(shared)] == shared
    assert len(image.layers()) == len(shared) + 2


def test_runtimes_share_the_layers_of_the_first(runtime: Image, data_runtime: Image) -> None:
    shared = runtime.layers()
    assert data_runtime.layers()[: len(shared)] == shared
    assert len(data_runtime.layers()) == len(shared) + 1


def test_tests_of_packages_and_what_compilers_read_are_left_out(image: Image) -> None:
    assert _paths(image, r"site-packages/[^/]+/tests$|site-packages/.*[.](c|cpp|hpp|pyx)$") == []


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
