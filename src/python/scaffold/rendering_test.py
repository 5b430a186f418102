"""What is said of a ruff that does not do it, and what is made of templates."""

import ast
import re
from pathlib import Path

import pytest

from scaffold import rendering
from scaffold.errors import FormatError, FormatterError
from scaffold.words import Service


def ruff_that(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "ruff"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setattr(rendering, "find_ruff_bin", lambda: str(program))


def test_code_that_ruff_refuses_is_a_bug_of_its_template(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"refuses x\.py, which is a bug of its template"):
        rendering.formatted(tmp_path, "x.py", "def")


def test_a_ruff_that_does_not_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ruff_that("exec sleep 60", tmp_path, monkeypatch)
    monkeypatch.setattr(rendering, "_TIMEOUT", 0.2)
    with pytest.raises(FormatterError, match=r"it did not end within 0.2 s; .* again"):
        rendering.formatted(tmp_path, "x.py", "x = 1\n")


def test_a_ruff_that_was_killed_is_no_bug_of_a_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruff_that("kill -9 $$", tmp_path, monkeypatch)
    with pytest.raises(FormatterError, match=r"cannot be used: it was ended by signal 9; .* again"):
        rendering.formatted(tmp_path, "x.py", "x = 1\n")


def test_a_ruff_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "find_ruff_bin", lambda: str(tmp_path / "none"))
    with pytest.raises(FormatterError, match=r"cannot be used: .*No such file"):
        rendering.formatted(tmp_path, "x.py", "x = 1\n")


def test_no_variable_is_called_after_a_row(tmp_path: Path) -> None:
    """Else a row could not be called as any other variable beside it, nor a loop of a page."""
    made = rendering.rendered(tmp_path, Service("wombats", web=True, data=True), 2)
    for path, text in made.items():
        nodes = list(ast.walk(ast.parse(text))) if path.endswith(".py") else []
        bound = {each.id for each in nodes if isinstance(each, ast.Name)}
        bound |= {each.arg for each in nodes if isinstance(each, ast.arg)}
        bound |= set(re.findall(r"{% for (\w+) in", text))
        assert not {name for name in bound if "wombat" in name.split("_")}, path
