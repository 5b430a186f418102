from pathlib import Path

import pytest

from scaffold.writing import write


def tree(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "changed").write_text("before")
    (tmp_path / "folder/within").mkdir(parents=True)
    (tmp_path / "folder/within/gone").write_text("gone")
    return tmp_path


def test_files_are_written_changed_and_removed_with_their_folders(root: Path) -> None:
    (root / "changed").chmod(0o755)
    (root / "folder/within/__pycache__").mkdir()
    write(root, {"changed": "after", "new/file": "new", "folder/within/gone": None})
    assert tree(root) == {"kept": "kept", "changed": "after", "new/file": "new"}
    assert not (root / "folder").exists()
    assert (root / "changed").stat().st_mode & 0o777 == 0o755
    assert (root / "new/file").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("obstacle", ["kept/below", "folder"])
def test_what_cannot_be_written_leaves_all_as_it_was(root: Path, obstacle: str) -> None:
    before = tree(root)
    with pytest.raises(OSError, match=r"folder|kept"):
        write(root, {"changed": "after", "new/file": "", "folder/within/gone": None, obstacle: ""})
    assert tree(root) == before
    assert not (root / "new").exists()
