"""Ports of the loopback address for servers under test, each for one test process at a time.

    port = free_port()

They lie below those that the kernel hands out, and are claimed until this process ends: between the
look at a port and its server's start, or while the server is away, nobody else comes by it.
"""

import fcntl
import os
import secrets
import socket
import tempfile
from pathlib import Path

_CLAIMS = Path(tempfile.gettempdir()) / f"tandem-test-ports-{os.getuid()}"
# Behind the blocks of `tests.local.ports`, and before what the kernel takes for itself.
_FIRST, _COUNT = 30_000, 2_700
_NETWORKS = 4_096  # less than any port that is given


def free_port() -> int:
    """A port that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on."""
    found: list[int] = []
    while len(found) < count:
        port = _FIRST + secrets.randbelow(_COUNT)
        if claim(port) and _is_free(port):
            found.append(port)
    return found


def free_network() -> str:
    """A network of 16 addresses for containers, claimed as ports are.

    It is beside those that Docker takes by itself.
    """
    while not claim(number := secrets.randbelow(_NETWORKS)):
        pass
    return f"10.81.{number // 16}.{16 * (number % 16)}/28"


def claim(name: int) -> bool:
    """Claim a port, or a block by its first one, until this process ends; False if it is taken.

    A network is claimed by its number.
    """
    _CLAIMS.mkdir(mode=0o700, exist_ok=True)
    claimed = os.open(_CLAIMS / str(name), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claimed)
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
