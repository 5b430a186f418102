import stat
from pathlib import Path

import pytest

from infra.compose.make_secrets import OpenFolderError, main, make


def test_every_secret_is_made_once_and_stays_as_it_is(tmp_path: Path) -> None:
    made = make(tmp_path / "secrets", ["shop"])
    texts = {name: (tmp_path / "secrets" / name).read_text() for name in made}
    assert "kafka_shop_password" in made
    assert len(set(texts.values())) == len(texts)
    assert make(tmp_path / "secrets", ["shop"]) == []
    assert texts == {name: (tmp_path / "secrets" / name).read_text() for name in made}


def test_what_holds_a_password_follows_when_it_is_made_again(tmp_path: Path) -> None:
    make(tmp_path, [])
    (tmp_path / "postgres_tandem_app_password").unlink()
    assert make(tmp_path, []) == ["postgres_tandem_app_password", "tandem_database_url"]
    password = (tmp_path / "postgres_tandem_app_password").read_text()
    assert password in (tmp_path / "tandem_database_url").read_text()


def test_the_folder_is_for_its_owner_and_the_files_for_containers(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for name in make(folder, ["shop"]):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o444
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_can_look_into_gets_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    with pytest.raises(OpenFolderError, match="chmod 0700"):
        make(folder, ["shop"])
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file" / "secrets")]) == 1
    assert "name a folder" in capsys.readouterr().err


def test_no_password_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "made kafka_database_password" in said
    assert not any(path.read_text() in said for path in tmp_path.iterdir())
