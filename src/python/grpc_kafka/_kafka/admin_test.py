from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from grpc_kafka import BrokerError
from grpc_kafka._kafka._admin import Admin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SOON = 15.0
"""Seconds; well under those that brokers have for an answer."""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(_SOON)
        yield listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"


def test_brokers_that_say_nothing_are_asked_for_as_long_as_was_given(silent: socket.socket) -> None:
    admin = Admin(_address(silent), {}, 2.5, BrokerError)
    waits: list[float] = []

    def ask(wait: float) -> object:
        waits.append(wait)
        return admin.client.list_topics(timeout=wait)

    with pytest.raises(BrokerError, match=f"no broker answers at {_address(silent)}"):
        admin.ask(ask)
    assert waits[0] == 1.0
    assert len(waits) == 2
    assert 0 < waits[1] <= 1.5


def test_ctrl_c_is_heard_while_brokers_say_nothing(silent: socket.socket, tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text('[applications.shop]\nserves = ["shop.v1.Store"]\n')
    command = [sys.executable, "-m", "grpc_kafka.topics", "check", str(file), "--lane", "blue"]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, "--bootstrap", _address(silent)],
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ) as running:
        asking, _ = silent.accept()
        with asking:
            running.send_signal(signal.SIGINT)
            assert running.communicate(timeout=_SOON)[1] == "interrupted\n"
    assert running.returncode == 130
