"""A checkout, and what people are told by."""

from pathlib import Path

import pytest

from bluegreen.cli.testing import checkout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a checkout, where the command is typed."""
    checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAT_URL", "json://chat.example.com")
    return tmp_path
