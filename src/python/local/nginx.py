"""nginx, with the configuration that the images use as well."""

from pathlib import Path

from local.checkout import Checkout
from local.port_block import PortBlock
from local.program import Program


def static_directory(checkout: Checkout) -> Path:
    """Where static files are published."""
    return checkout.state / "static"


def programs(checkout: Checkout, ports: PortBlock) -> list[Program]:
    return []
