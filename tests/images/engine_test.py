"""The client that Pants builds images by, around one that plays Docker's part."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.images.building import ROOT

ID = f"sha256:{'4f' * 32}"
SCRIPT = ROOT / "infra/images/engine/docker"
CLIENT = """\
#!/bin/sh
[ "$1" = version ] && exit 0
printf '%s\\n' "$@" >arguments
echo "#8 writing image {id}{took} done" >&2
exit {code}
"""


def build(
    folder: Path,
    took: str = "",
    code: int = 0,
    script: Path = SCRIPT,
    name: str = "tandem/account",
    **told: str,
) -> subprocess.CompletedProcess[str]:
    """Build an image by it, as Pants does; Docker says how long it took to write it."""
    client = folder / "docker"
    client.write_text(CLIENT.format(id=ID, took=took, code=code))
    client.chmod(0o755)
    return subprocess.run(  # noqa: S603 - our own script
        [
            *("/bin/bash", str(script), "build", "--pull=False", "--tag", f"{name}:dev"),
            *("--build-arg", "SOURCE_DATE_EPOCH=0", "--file", "Dockerfile", "."),
        ],
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}", **told},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("took", ["", " 0.1s", " 12.3s"])
def test_pants_finds_the_id_of_an_image_however_long_it_took_to_write_it(
    tmp_path: Path, took: str
) -> None:
    done = build(tmp_path, took)
    assert (done.returncode, f"writing image {ID} done" in done.stdout) == (0, True)


def test_a_build_that_fails_says_so(tmp_path: Path) -> None:
    assert build(tmp_path, code=3).returncode == 3


def labels(folder: Path) -> dict[str, str]:
    """The labels that Docker was told to give to the image."""
    told = (folder / "arguments").read_text().splitlines()
    given = [told[place + 1] for place, option in enumerate(told) if option == "--label"]
    return dict(label.split("=", 1) for label in given)


def cloned(folder: Path, origin: str) -> Path:
    """The script in a clone of a repository that is at this address."""
    script = folder / "clone/infra/images/engine/docker"
    script.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, script)
    for command in (["init", "--quiet"], ["remote", "add", "origin", origin]):
        subprocess.run(  # noqa: S603 - fixed commands
            ["/usr/bin/env", "git", "-C", folder / "clone", *command], check=True, timeout=30
        )
    return script


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com/tandem/main",
        "https://example.com/tandem/main.git",
        "https://somebody:password@example.com/tandem/main.git",
        "ssh://git@example.com:2222/tandem/main.git",
        "git@example.com:tandem/main.git",
    ],
)
def test_an_image_tells_where_its_sources_are_however_they_came(
    tmp_path: Path, origin: str
) -> None:
    build(tmp_path, script=cloned(tmp_path, origin))
    assert labels(tmp_path)["org.opencontainers.image.source"] == "https://example.com/tandem/main"


@pytest.mark.parametrize("name", ["tandem/runtime", "tandem/runtime-data"])
def test_what_others_are_built_on_is_the_same_image_from_wherever_it_was_cloned(
    tmp_path: Path, name: str
) -> None:
    """Its id is among what Pants gives to their builds, and so in their fingerprints."""
    script = cloned(tmp_path, "https://example.com/fork")
    build(tmp_path, script=script, name=name)
    assert labels(tmp_path).keys() == {"tandem.fingerprint"}
    build(tmp_path, script=script, name=name, TANDEM_SOURCE="https://example.com/main")
    assert labels(tmp_path).keys() == {"tandem.fingerprint"}


def test_a_folder_of_this_machine_is_told_to_nobody(tmp_path: Path) -> None:
    build(tmp_path, script=cloned(tmp_path, "/srv/git/main.git"))
    assert labels(tmp_path).keys() == {"tandem.fingerprint"}


def test_who_builds_may_say_where_the_sources_are(tmp_path: Path) -> None:
    script = cloned(tmp_path, "https://example.com/fork")
    build(tmp_path, script=script, TANDEM_SOURCE="https://example.com/main")
    assert labels(tmp_path)["org.opencontainers.image.source"] == "https://example.com/main"


def test_an_image_has_no_revision_unless_it_is_wanted(tmp_path: Path) -> None:
    build(tmp_path)
    assert "org.opencontainers.image.revision" not in labels(tmp_path)
    build(tmp_path, TANDEM_REVISION="5f0c")
    assert labels(tmp_path)["org.opencontainers.image.revision"] == "5f0c"
