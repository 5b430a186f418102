"""nats-server, of Debian's package of that name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.servers import programs


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, int]]:
    """Run one on a free port; give its URL and its process id.

    Raises:
        MissingError: it is not installed.
        StartError: it did not start.
    """
    program = programs.find("nats-server", "nats-server")
    port = programs.free_port()
    command = [program, "--addr", "127.0.0.1", "--port", str(port)]
    with programs.running(command, port, folder / "nats-server.log") as pid:
        yield f"nats://127.0.0.1:{port}", pid
