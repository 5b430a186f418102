"""What machines read: an object a line, of each command."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluegreen.cli import main
from bluegreen.cli.parser import parser
from bluegreen.cli.testing import Played
from bluegreen.testing import bundle, with_deployed

EVERY = [
    "setup",
    "setup --dry-run",
    "doctor",
    "servers",
    "servers --dry-run",
    "build",
    "deploy",
    "deploy --dry-run",
    "deploy --release release-3",
    "deploy --release release-3 --dry-run",
    "rollback --dry-run",
    "rollback",
    "migrate status",
    "migrate contract",
    "prune",
    "prune --dry-run",
    "status",
    "history",
    "logs",
    "logs account --lane blue",
    "audit",
    "lock status",
    "lock release",
    "config",
    "plan deploy --release release-3",
    "plan rollback",
    "plan contract",
    "plan prune",
]
FAILING = [
    "deploy --release nowhere",
    "rollback never-deployed",
    "plan rollback",
    "logs --lane blue",
]


@pytest.fixture(autouse=True)
def given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle(3).write(folder / "release-3")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")  # `doctor` asks it


@pytest.mark.parametrize("command", [*EVERY, *FAILING])
def test_each_line_for_machines_parses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([*command.split(), "--json"], Played(with_deployed(1, 2)).given)
    lines = capsys.readouterr().out.splitlines()
    assert lines
    for line in lines:
        json.loads(line)


def test_no_command_is_left_out() -> None:
    known = {command for each in EVERY for command in _beginnings(each)}
    assert set(_commands(parser())) - known == set()


def test_lines_of_logs_say_where_they_are_from(capsys: pytest.CaptureFixture[str]) -> None:
    main(["logs", "account", "--json"], Played(with_deployed(1)).given)
    assert json.loads(capsys.readouterr().out) == {
        "lane": "blue",
        "container": "account-1",
        "at": "2026-01-01T00:00:00Z",
        "line": "it serves blue",
    }


def _beginnings(command: str) -> Iterator[str]:
    words = command.split()
    yield from (" ".join(words[: end + 1]) for end in range(len(words)))


def _commands(command: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    """All that can be called, such as `lock status`."""
    groups = [each for each in command._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield name
    for group in groups:
        for inner, each in group.choices.items():
            yield from _commands(each, f"{name} {inner}".strip())
