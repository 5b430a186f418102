import re
from hashlib import sha256
from pathlib import Path

from chassis.assets import Asset, Assets

ASSETS = Assets(
    {
        name: Asset(name, content)
        for name, content in {"icon.svg": b"<svg/>", "site.css": b"body {}"}.items()
    }
)


def test_the_name_follows_from_the_content() -> None:
    asset = Asset("site.css", b"body {}")
    assert asset.published_name == f"site.{sha256(b'body {}').hexdigest()[:12]}.css"


def test_what_is_published_is_where_pages_look_for_it(tmp_path: Path) -> None:
    published = ASSETS.publish(tmp_path / "new" / "folder")
    assert ASSETS.url("site.css") in {f"/static/{path.name}" for path in published}
    for path in published:
        fingerprint = path.name.split(".")[1]
        assert sha256(path.read_bytes()).hexdigest().startswith(fingerprint)
        assert path.stat().st_mode & 0o777 == 0o644


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    before = {path: path.stat() for path in ASSETS.publish(tmp_path)}
    assert {path: path.stat() for path in ASSETS.publish(tmp_path)} == before


def test_files_of_other_releases_stay(tmp_path: Path) -> None:
    old = tmp_path / "site.000000000000.css"
    old.write_text("old")
    assert old not in ASSETS.publish(tmp_path)
    assert old.read_text() == "old"


def test_a_damaged_file_is_repaired(tmp_path: Path) -> None:
    [first, *_] = ASSETS.publish(tmp_path)
    first.write_bytes(b"half of i")
    ASSETS.publish(tmp_path)
    assert first.read_bytes() != b"half of i"


def test_no_static_file_refers_to_another(tmp_path: Path) -> None:
    for path in ASSETS.publish(tmp_path):
        assert not re.search(r"url\(|@import|href=", path.read_text()), path.name
