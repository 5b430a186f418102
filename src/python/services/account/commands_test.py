from pathlib import Path

import pytest

from chassis.assets import Assets
from services.account.__main__ import main


def test_static_writes_the_files_and_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["static", str(tmp_path)]) == 0
    written = capsys.readouterr().out.splitlines()
    assert written == sorted(str(path) for path in tmp_path.iterdir())
    assert str(tmp_path / Path(Assets.of("services.account").url("site.css")).name) in written


def test_a_folder_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main(["static", str(blocked)]) == 1
    assert f"cannot write to {blocked}" in capsys.readouterr().err


def test_a_command_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "serve" in capsys.readouterr().err
