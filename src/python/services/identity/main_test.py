"""The commands that make and show keys."""

from pathlib import Path

import pytest

from services.identity import key_files
from services.identity.__main__ import main


def test_created_key_is_named_and_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "keys"
    for _ in range(2):
        assert main(["keys", "create", str(directory)]) == 0
    assert capsys.readouterr().out.split() == [str(p) for p in key_files.paths(directory)]
    assert main(["keys", "list", str(directory)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("signs and verifies"), "the other has not settled yet"
    assert second.endswith("  verifies")


def test_command_on_a_directory_without_keys_fails_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "list", str(tmp_path)]) == 1
    assert f"keys create {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["keys", "--help"], ["keys", "create", "--help"]]
)
def test_help_is_an_answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "python -m services.identity" in capsys.readouterr().out


def test_wrong_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["keys", "forget"])
    assert caught.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_a_first_key_is_made_once_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "keys"
    assert main(["keys", "create", "--first", str(directory)]) == 0
    assert main(["keys", "create", "--first", str(directory)]) == 0
    assert len(list(directory.glob("*.pem"))) == 1
    assert "is there already" in capsys.readouterr().out
