from pathlib import Path

from local.reloading import syntax


def test_error_is_shown_with_its_place(tmp_path: Path) -> None:
    broken, good, page = (tmp_path / name for name in ("a.py", "b.py", "c.html"))
    broken.write_text("x = 1\ny = (\n")
    good.write_text("x = 1\n")
    page.write_text("<p>")
    found = syntax.errors([page, good, broken, tmp_path / "gone.py"])
    assert found == {broken: f"{broken}:2: '(' was never closed\n  | y = (\n  |     ^"}


def test_file_with_a_null_byte_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x = '\0'")
    assert "null bytes" in syntax.errors([tmp_path / "a.py"])[tmp_path / "a.py"]
