"""The command as a process, where no broker says a word."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

from grpc_kafka.topics import __main__ as _  # noqa: F401 - run as a process

_STARTED = 60.0
_SOON = 20.0
"""Seconds; under those that brokers have for an answer."""


def test_ctrl_c_is_heard_while_brokers_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "services.toml"
    file.write_text('[applications.shop]\nserves = ["shop.v1.Store"]\n')
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(_STARTED)
        told = ["check", str(file), "--lane", "blue", "--bootstrap", _address(silent)]
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "grpc_kafka.topics", *told],
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path)},
        ) as running:
            asking = silent.accept()[0]
            with asking:
                running.send_signal(signal.SIGINT)
                assert running.communicate(timeout=_SOON)[1] == "interrupted\n"
    assert running.returncode == 130


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"{host}:{port}"
