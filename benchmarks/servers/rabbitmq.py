"""RabbitMQ, of Debian's package rabbitmq-server, with a node and a port mapper of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers import programs

# Not the one in /usr/sbin: that one is for the system's own node, and its user.
_PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"

# Clients stand still while others are measured, and are not to be taken for dead.
_CONFIGURATION = "listeners.tcp.1 = 127.0.0.1:{port}\nheartbeat = 0\n"


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, int]]:
    """Run one on free ports; give its URL and its process id.

    Raises:
        MissingError: it is not installed.
        StartError: it did not start.
    """
    program = programs.find(_PROGRAM, "rabbitmq-server")
    mapper = programs.find("epmd", "rabbitmq-server")
    # A new one each time: a node would go on with what another had left.
    home = Path(tempfile.mkdtemp(prefix="rabbitmq-", dir=folder))
    port, mapped, between = (programs.free_port() for _ in range(3))
    configuration = home / "rabbitmq.conf"
    configuration.write_text(_CONFIGURATION.format(port=port))
    (home / "plugins").write_text("[].\n")
    environment = os.environ | {
        "HOME": str(home),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapped),
        "RABBITMQ_CONFIG_FILE": str(configuration),
        "RABBITMQ_DIST_PORT": str(between),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_NODENAME": "benchmarks@localhost",
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    mapping = [mapper, "-port", str(mapped), "-address", "127.0.0.1"]
    with (
        programs.running(mapping, mapped, home / "epmd.log", environment),
        programs.running([program], port, home / "rabbitmq.log", environment) as pid,
    ):
        yield f"amqp://guest:guest@127.0.0.1:{port}", pid
