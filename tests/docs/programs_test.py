"""What a page starts by Pants begins: a program finds what it reads without the checkout's help."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {
    "tests/bluegreen:matrix": "tests.bluegreen/matrix.pex",
    "benchmarks:delivery": "benchmarks.delivery/program.pex",
    "benchmarks:postgres": "benchmarks.postgres/program.pex",
    "benchmarks:transport": "benchmarks.transport/program.pex",
}
"""Those that take too long to be run whole by a test, and their archives in its folder."""

_TIMEOUT = 120.0  # seconds; an archive is unpacked at first


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_program_that_takes_long_begins_and_says_how_it_is_run(
    target: str, tmp_path: Path
) -> None:
    said = subprocess.run(  # noqa: S603 - a program of this repository
        [sys.executable, Path(PROGRAMS[target]).absolute(), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert f"./pants run {target}" in said.stdout
