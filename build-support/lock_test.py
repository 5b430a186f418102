"""Which lockfiles there are, and how they are written."""

from pathlib import Path

import pytest
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


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "-- default.lock ruff.lock" in capsys.readouterr().out


def test_a_lockfile_that_there_is_none_of_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["defualt.lock"]) == 2
    said = capsys.readouterr().err
    assert "no such lockfile: defualt.lock; there are " in said
    assert "default.lock" in said
