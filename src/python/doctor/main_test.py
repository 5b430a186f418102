import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doctor.__main__ import main, tell
from doctor.looking import look
from doctor.needs import COMMANDS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The top of a checkout that has what is looked at."""
    for path, text in {
        "pants.toml": "",
        "pants": "official_launcher() { return 1; }\nfind_python() { echo /there/python$1; }\n",
        "deploy.toml": 'registry = "registry.example.com/tandem"\n',
        "infra/kafka/services.toml": "[applications.shipping]\n",
        "infra/images/bases.env": "# Names.\nNGINX_IMAGE=nginx:of-a-test\n",
        ".local/port": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.fixture
def port(root: Path) -> Iterator[int]:
    """The first of the checkout's ports, on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number: int = server.getsockname()[1]
        (root / ".local/port").write_text(f"{number}\n")
        yield number


def test_a_machine_is_seen_as_it_is(root: Path) -> None:
    seen = look(root)
    assert seen.pythons == {"3.13": "/there/python3.13", "3.9": "/there/python3.9"}
    assert seen.launcher == ""
    assert seen.placeholders
    assert min(seen.free_bytes.values()) > 0
    assert seen.folders == 4


def test_who_listens_on_a_port_is_named(root: Path, port: int) -> None:
    assert "process" in look(root).taken[port]


@pytest.mark.parametrize("text", ["[applications", "", "applications = 1", None])
def test_a_list_of_services_that_cannot_be_read_stops_nothing(
    root: Path, port: int, text: str | None
) -> None:
    topology = root / "infra/kafka/services.toml"
    topology.unlink()
    if text is not None:
        topology.write_text(text)
    assert port in look(root).taken


def test_each_command_is_told_what_it_lacks(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = replace(look(root), java=0, taken={}, watches=None)
    tell(seen, as_json=False)
    said = capsys.readouterr().out
    assert all(command.line in said for command in COMMANDS)
    assert "there is no Java; install 17 or newer" in said


def test_a_program_reads_what_is_in_the_way(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = replace(look(root), pythons={})
    assert tell(seen, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["in_the_way"] == ["./pants run :local", "./pants test ::"]
    [first, *_] = told["findings"]
    assert first == {
        "command": "./pants run :local",
        "name": "CPython",
        "verdict": "problem",
        "said": "3.13 3.9 not found",
        "advice": "`uv python install 3.13 3.9`",
    }


def test_elsewhere_than_in_a_checkout_nothing_is_looked_at(tmp_path: Path) -> None:
    assert main([], tmp_path) == 2
