"""Blocks of ports for runners under test, each for one test process at a time."""

import fcntl
import os
import secrets
import tempfile
from pathlib import Path

from local.port_block import PortBlock
from local.port_check import is_free

_CLAIMS = Path(tempfile.gettempdir()) / f"tandem-test-ports-{os.getuid()}"


def free_block() -> PortBlock:
    """A block that nobody listens on, below the ports that the kernel hands out.

    It is claimed until this process ends: between this look and the runner's start, another
    process that runs the same tests must not find it free as well.
    """
    _CLAIMS.mkdir(mode=0o700, exist_ok=True)
    while True:
        block = PortBlock(12_000 + 10 * secrets.randbelow(1_800))
        if _claim(block) and all(map(is_free, block.named().values())):
            return block


def _claim(block: PortBlock) -> bool:
    claim = os.open(_CLAIMS / str(block.base), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        return False
    return True
