"""Blocks of ports for runners under test."""

import secrets

from local.port_block import PortBlock
from local.port_check import is_free


def free_block() -> PortBlock:
    """A block that nobody listens on, below the ports that the kernel hands out."""
    while True:
        block = PortBlock(12_000 + 10 * secrets.randbelow(1_800))
        if all(map(is_free, block.named().values())):
            return block
