"""Whether the ports that the system needs are free, and who has them if not."""

import socket
from collections.abc import Iterator, Mapping

import psutil

from local.errors import PortInUseError
from local.port_block import DEFAULT_BASE, HIGHEST_BASE, PortBlock

_HOST = "127.0.0.1"
_STEP = 10  # between the blocks that are proposed
_CONNECT_PATIENCE = 0.2  # seconds
_COMMAND_SHOWN = 80  # characters


def require_free(base: int, parts: Mapping[str, int]) -> None:
    """Make sure that nobody listens on the ports of these parts.

    Args:
        base: The first port of the block, after which another one is proposed.
        parts: The port of each part, by its name.

    Raises:
        PortInUseError: somebody does.
    """
    for part, port in parts.items():
        if not is_free(port):
            raise PortInUseError(port, part, owner(port), f"--port {free_base(base)}")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(_CONNECT_PATIENCE)
        if probe.connect_ex((_HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def free_base(taken: int) -> int:
    """Propose the first port of a block, after the taken one, that is wholly free."""
    candidates = range(taken + _STEP, HIGHEST_BASE, _STEP)
    free = (base for base in candidates if all(map(is_free, PortBlock(base).named().values())))
    return next(free, DEFAULT_BASE)


def owner(port: int) -> str:
    """Say which process listens on the port, as far as this user may know."""
    for process, ports in _listeners():
        if port in ports:
            return _describe(process)
    return "a process that this user may not see"


def _describe(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline()) or process.name()
    except psutil.Error:
        command = "?"
    return f"process {process.pid} ({command[:_COMMAND_SHOWN]})"


def _listeners() -> Iterator[tuple[psutil.Process, set[int]]]:
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue
        listening = [c for c in connections if c.status == psutil.CONN_LISTEN]
        yield process, {c.laddr.port for c in listening}
