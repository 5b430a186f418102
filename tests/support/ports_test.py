"""Ports for servers under test: below the kernel's own, and no two the same."""

import os
import subprocess
import sys
from ipaddress import ip_network
from itertools import combinations
from pathlib import Path

import pytest

from tests.support import ports

_CLAIM = "from tests.support import ports; import sys; sys.exit(not ports.claim({}))"
_KERNELS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def claimed_elsewhere(port: int) -> bool:
    """Whether another process could claim a port."""
    program = [sys.executable, "-c", _CLAIM.format(port)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return not subprocess.run(program, env=environment, check=False).returncode  # noqa: S603


def test_no_port_comes_twice() -> None:
    found = [*ports.free_ports(20), *ports.free_ports(20)]
    assert len(set(found)) == 40


def test_what_one_process_claimed_no_other_gets() -> None:
    [port] = ports.free_ports(1)
    assert not claimed_elsewhere(port)


@pytest.mark.skipif(not _KERNELS.exists(), reason="how Linux tells it")
def test_the_kernel_gives_them_to_nobody() -> None:
    assert max(ports.free_ports(20)) < int(_KERNELS.read_text().split()[0])


def test_networks_that_are_given_do_not_meet() -> None:
    networks = [ip_network(ports.free_network()) for _ in range(20)]
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))
