"""What the commands write, whatever files are called."""

import os
from pathlib import Path

import pytest

from ci.command import GITHUB_SUMMARY, legible, publish

NAME = os.fsdecode(b"caf\xe9.txt")
"""Of a file, in Latin-1, as git tells it."""


def test_a_summary_names_files_that_are_not_in_utf_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tmp_path / "shown.md"
    monkeypatch.setenv(GITHUB_SUMMARY, str(shown))
    publish(f"conflict: {NAME}, \u00e9", tmp_path / "summary.md")
    for file in (tmp_path / "summary.md", shown):
        assert file.read_text(encoding="utf-8") == "conflict: caf\\udce9.txt, \u00e9\n"


def test_what_is_printed_can_be_encoded() -> None:
    assert legible(NAME) == "caf\\udce9.txt"
