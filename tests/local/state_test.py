"""What is said when a checkout's data has no place."""

import os
from pathlib import Path

import pytest

from tests.local.ports import free_block
from tests.local.rights import complaint_without
from tests.local.running import running
from tests.local.scratch import Scratch

_MAKE = "from pathlib import Path; from local.checkout import Checkout;"
_RUN = """
import signal
import sys
from pathlib import Path
from local import report, runner
from local.errors import LocalError
from local.options import Options
from local.passwords import Passwords

def plan(checkout, ports, options):
    Passwords(checkout.state / "secrets").get("postgres")
    return []

def run(options):
    signal.alarm(60)
    try:
        runner.run(options, report.Terminal(), plan)
    except LocalError as error:
        sys.exit(str(error))
"""


def test_file_in_the_place_of_the_data_is_told_without_a_traceback(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    (scratch.root / ".local").touch()
    with running(scratch.root) as runner:
        assert runner.code() == 1
    assert ".local cannot hold what runs here (it is no directory)" in runner.output
    assert "Traceback" not in runner.output


@pytest.mark.parametrize("begun", [False, True])
def test_data_that_another_user_owns_is_told(tmp_path: Path, *, begun: bool) -> None:
    scratch = Scratch(tmp_path)
    state = scratch.root / ".local"
    state.mkdir()
    if begun:
        (state / ".gitignore").touch()
    state.chmod(0o500)
    script = f"{_MAKE} Checkout(Path({os.fspath(scratch.root)!r})).make_state()"
    told = complaint_without("dac_override", script)
    assert f"{state} cannot hold what runs here (Permission denied)" in told
    state.chmod(0o700)


def test_lock_that_another_user_owns_is_told(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    lock.chmod(0o400)
    script = (
        "from pathlib import Path; from local.lock import owning; from local.record import Record; "
        f"owning(Path({os.fspath(lock)!r}), Record(Path('/nowhere'))).__enter__()"
    )
    assert "lock cannot hold what runs here (Permission denied)" in complaint_without(
        "dac_override", script
    )


@pytest.mark.parametrize("what", ["secrets/postgres", "port", "logs"])
def test_data_that_an_earlier_run_by_root_left_is_told(tmp_path: Path, what: str) -> None:
    scratch = Scratch(tmp_path)
    place = scratch.root / ".local" / what
    if what == "logs":
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True)
        place.touch()
    place.chmod(0)
    options = f"Options(root=Path({os.fspath(scratch.root)!r}), port={free_block().base})"
    told = complaint_without("dac_override,-dac_read_search", f"{_RUN}\nrun({options})")
    place.chmod(0o700)
    assert told.startswith(os.fspath(place))
    assert " cannot hold what runs here (Permission denied)" in told
    assert "Traceback" not in told
