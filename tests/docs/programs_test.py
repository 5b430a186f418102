"""What a page starts by Pants runs: a program finds what it reads without the checkout's help."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.commands import Command, documented, mentioned

PROGRAMS = {
    "tests/bluegreen:matrix": "tests.bluegreen/matrix.pex",
    "benchmarks:delivery": "benchmarks.delivery/program.pex",
    "benchmarks:postgres": "benchmarks.postgres/program.pex",
    "benchmarks:transport": "benchmarks.transport/program.pex",
}
"""Those that take too long to be run whole by a test, and their archives in its folder."""

CONFIGURATION = Path("infra/postgres/postgresql.conf")

_TIMEOUT = 240.0  # seconds; an archive is unpacked at first
_RUN = "./pants run "

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_program_that_takes_long_begins_and_says_how_it_is_run(
    target: str, tmp_path: Path
) -> None:
    assert f"{_RUN}{target}" in said(target, "--help", folder=tmp_path)


def test_what_takes_half_an_hour_is_what_the_page_names() -> None:
    """One cell of the matrix is a test of `tests/bluegreen`; and so is a release under load."""
    delivering = mentioned("docs/bluegreen.md", "benchmarks:delivery")
    killing = mentioned("docs/bluegreen.md", "tests/bluegreen:matrix")
    assert {each.text.removeprefix(_RUN) for each in (delivering, killing)} <= PROGRAMS.keys()


def test_transports_are_measured(tmp_path: Path) -> None:
    """For moments, and without servers; others' numbers come the same way."""
    command = documented("docs/performance.md", "./pants run benchmarks:transport")
    short = ("--embedded", "unary", "--only", "kafka", "direct", "--rounds=1", "--seconds=0.1")
    shown = measured(command, *short, folder=tmp_path)
    assert "| gRPC over Kafka |" in shown
    assert "Failed:" not in shown


def test_settings_of_postgresql_are_measured(tmp_path: Path) -> None:
    """For moments, and one of them alone beside the defaults."""
    command = documented("docs/postgres.md", "./pants run benchmarks:postgres")
    # As the target gives it to the program.
    own = f"--configuration={CONFIGURATION.absolute()}"
    short = ("--rounds=1", "--seconds=0.2", "--people=20", "--only", "ours, all together")
    shown = measured(command, own, *short, folder=tmp_path)
    assert "ours, all together" in shown


def measured(command: Command, *short: str, folder: Path) -> str:
    """What a command of a page prints with options behind its own that make it short."""
    target, *given = shlex.split(command.text.removeprefix(_RUN))
    return said(target, *given[1:], *short, folder=folder)


def said(target: str, *arguments: str, folder: Path) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(  # noqa: S603 - a program of this repository
        [sys.executable, Path(PROGRAMS[target]).absolute(), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
