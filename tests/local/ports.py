"""Blocks of ports for runners under test, each for one test process at a time."""

import secrets

from local.port_block import PortBlock
from local.port_check import is_free
from tests.support.ports import claim


def free_block() -> PortBlock:
    """A block that nobody listens on, below the ports that the kernel hands out.

    It is claimed until this process ends: between this look and the runner's start, another
    process that runs the same tests must not find it free as well.
    """
    while True:
        block = PortBlock(12_000 + 10 * secrets.randbelow(1_800))
        if claim(block.base) and all(map(is_free, block.named().values())):
            return block
