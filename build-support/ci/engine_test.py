from pathlib import Path

import pytest

from ci.engine import answers


@pytest.mark.parametrize(("code", "expected"), [(0, True), (1, False)])
def test_an_engine_answers_if_the_client_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, *, expected: bool
) -> None:
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\nexit {code}\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert answers() is expected


def test_a_machine_without_a_client_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not answers()
