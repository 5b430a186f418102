from pathlib import Path

import pytest

from bluegreen.bundle import MANIFEST, Bundle
from bluegreen.errors import DocumentError
from bluegreen.testing import bundle


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(DocumentError) as wrong:
        Bundle.read(folder)
    return wrong.value.problems


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "releases" / "one"
    bundle(1).write(folder)
    assert Bundle.read(folder) == bundle(1)
    assert sorted(path.name for path in folder.iterdir()) == [
        "lane.yml",
        "release.json",
        "servers.yml",
    ]


def test_all_that_was_changed_by_hand_is_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    bundle(1).write(folder)
    (folder / "lane.yml").write_text("services: {}\n")
    (folder / "servers.yml").unlink()
    (folder / "extra.yml").write_text("services: {}\n")
    (folder / "latin.yml").write_bytes(b"\xff")
    assert problems(folder) == (
        "latin.yml: cannot be read: it is not UTF-8",
        "extra.yml: is no file of this release",
        "lane.yml: was changed since the release was built; build it again",
        "servers.yml: is missing",
    )


def test_a_bundle_with_other_files_cannot_be_made() -> None:
    with pytest.raises(DocumentError, match=r"extra\.yml: is no file of this release"):
        Bundle(bundle(1).release, {**bundle(1).files, "extra.yml": ""})


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    missing = "release.json: is missing; name a folder that `bluegreen build` wrote"
    assert problems(tmp_path) == (missing,)
    assert problems(tmp_path / "nowhere") == (missing,)


def test_an_older_bundle_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "latest"
    bundle(1).write(folder)
    (folder / "extra.yml").write_text("")
    bundle(2).write(folder)
    assert Bundle.read(folder) == bundle(2)
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_folder_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(DocumentError, match="is there, and is no release"):
        bundle(1).write(tmp_path / "photos")
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"


def test_what_a_crash_left_while_writing_is_in_nobodys_way(tmp_path: Path) -> None:
    for half in (".one.new", ".one.old"):
        (tmp_path / half).mkdir()
        (tmp_path / half / MANIFEST).write_text("{")
    bundle(1).write(tmp_path / "one")
    assert Bundle.read(tmp_path / "one") == bundle(1)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DocumentError, match="cannot be written: Not a directory"):
        bundle(1).write(tmp_path / "file" / "one")
