"""Whether the ports that the system needs are free."""

import socket
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from local.errors import PortDeniedError, PortInUseError
from local.port_block import DEFAULT_BASE, HIGHEST_BASE
from local.port_owner import owner

_HOST = "127.0.0.1"
_STEP = 10  # between the blocks that are proposed
_CONNECT_PATIENCE = 0.2  # seconds


class _Port(Enum):
    FREE = auto()
    TAKEN = auto()
    DENIED = auto()


def require_free(base: int, parts: Mapping[str, int]) -> None:
    """Make sure that nobody listens on the ports of these parts, and that this user may.

    Args:
        base: The first port of the block, after which another one is proposed.
        parts: The port of each part, by its name.

    Raises:
        PortDeniedError: only root may listen there.
        PortInUseError: somebody listens there.
    """
    places = [port - base for port in parts.values()]
    # The block begins with what people open.
    for part, port in sorted(parts.items(), key=lambda item: item[1]):
        found = _look_at(port)
        if found is _Port.DENIED:
            raise PortDeniedError(port, part, f"--port {_free_base(DEFAULT_BASE, places)}")
        if found is _Port.TAKEN:
            raise PortInUseError(
                port, part, owner(port), f"--port {_free_base(base + _STEP, places)}"
            )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    return _look_at(port) is _Port.FREE


def _look_at(port: int) -> _Port:
    with socket.socket() as probe:
        probe.settimeout(_CONNECT_PATIENCE)
        if probe.connect_ex((_HOST, port)) == 0:
            return _Port.TAKEN
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError:
            return _Port.DENIED
        except OSError:
            return _Port.TAKEN
    return _Port.FREE


def _free_base(first: int, places: Sequence[int]) -> int:
    """The first port of a block, from this one on, in which these places are free."""
    candidates = range(first, HIGHEST_BASE, _STEP)
    free = (base for base in candidates if all(is_free(base + place) for place in places))
    return next(free, DEFAULT_BASE)
