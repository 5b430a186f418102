"""The client that Pants builds images by, around one that plays Docker's part."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.images.building import ROOT

ID = f"sha256:{'4f' * 32}"
SCRIPT = ROOT / "infra/images/engine/docker"
CLIENT = """\
#!/bin/sh
[ "$1" = version ] && exit 0
echo "#8 writing image {id}{took} done" >&2
exit {code}
"""


def build(folder: Path, took: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    """Build an image by it; what Docker says of the time that it took to write it."""
    client = folder / "docker"
    client.write_text(CLIENT.format(id=ID, took=took, code=code))
    client.chmod(0o755)
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", str(SCRIPT), "build", "."],
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
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
