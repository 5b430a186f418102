"""Which lockfiles there are, and how they are written."""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from lock import LOCKS, choose, command, main


def test_the_product_is_locked_before_the_tools_that_take_versions_from_it() -> None:
    names = [Path(lock.path).name for lock in choose(["pytest.lock", "default.lock"])]
    assert names == ["default.lock", "pytest.lock"]


def test_all_are_written_unless_some_are_named() -> None:
    assert choose([]) == list(LOCKS)


def test_lockfiles_hold_hashes_for_every_platform_and_no_address() -> None:
    for lock in LOCKS:
        arguments = command(lock)
        assert {"--generate-hashes", "--universal", "--no-header"} <= set(arguments)
        assert not [argument for argument in arguments if "index" in argument]


def ended(*arguments: str) -> tuple[object, str]:
    """How the command ended, and what it wrote."""
    written = StringIO()
    with redirect_stdout(written), redirect_stderr(written):
        try:
            code: object = main(arguments)
        except SystemExit as end:
            code = end.code
    return code, written.getvalue()


def test_help_has_examples() -> None:
    code, said = ended("--help")
    assert code == 0
    assert "-- default.lock ruff.lock" in said


def test_a_lockfile_that_there_is_none_of_is_refused_with_those_that_there_are() -> None:
    code, said = ended("defualt.lock")
    assert code == 2
    assert "no such lockfile: defualt.lock; there are " in said
    assert "default.lock" in said


def test_whatever_uv_cannot_do_is_one_exit_code(tmp_path: Path) -> None:
    """2, which uv ends with where no index answers, is for names that there are none of."""
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)
    with patch("lock.find_uv_bin", lambda: str(uv)):
        assert ended("default.lock")[0] == 1
