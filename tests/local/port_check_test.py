"""What is said of a port that cannot be had; with real owners of ports."""

import os
import socket
from pathlib import Path

import pytest

from local.errors import PortInUseError
from local.port_block import PortBlock
from local.port_check import require_free
from tests.local.ports import free_block
from tests.local.rights import complaint_without
from tests.local.running import running
from tests.local.scratch import Scratch

_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_LOW = 83


@pytest.fixture
def ports() -> PortBlock:
    return free_block()


def test_owner_is_named_with_its_directory(ports: PortBlock) -> None:
    with (
        socket.create_server(("127.0.0.1", ports.nginx)),
        pytest.raises(PortInUseError) as refused,
    ):
        require_free(ports.base, {"nginx": ports.nginx})
    assert f"(process {os.getpid()}, in {Path.cwd()})" in str(refused.value)
    assert "another checkout" not in str(refused.value)


def test_port_that_people_open_is_looked_at_first(ports: PortBlock) -> None:
    with (
        socket.create_server(("127.0.0.1", ports.nginx)),
        socket.create_server(("127.0.0.1", ports.postgres)),
        pytest.raises(PortInUseError) as refused,
    ):
        require_free(ports.base, {"postgres": ports.postgres, "nginx": ports.nginx})
    assert refused.value.part == "nginx"


def test_a_block_is_proposed_that_is_free_for_further_services_too(
    ports: PortBlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = PortBlock(ports.base + 10).further(0)
    monkeypatch.setattr("local.port_check.is_free", lambda port: port != taken)
    with (
        socket.create_server(("127.0.0.1", ports.nginx)),
        pytest.raises(PortInUseError, match=rf"--port {ports.base + 20}\b"),
    ):
        require_free(ports.base, {"nginx": ports.nginx, "orders": ports.further(0)})


def test_other_checkout_that_runs_is_named(tmp_path: Path, ports: PortBlock) -> None:
    first, second = Scratch(tmp_path / "first"), Scratch(tmp_path / "second")
    with running(first.root, "--port", str(ports.base)) as runner:
        runner.wait_for("ready in")
        alpha = runner.children()["alpha"]
        with running(second.root, "--port", str(ports.base)) as refused:
            assert refused.code() == 1
        told = " ".join(refused.output.split())
        where = f"another checkout's :local, in {first.root}"
        assert f"{where} (developer, process {runner.pid})" in told
        with pytest.raises(PortInUseError, match=rf"\(alpha, process {alpha}\)"):
            require_free(ports.base, {"account": ports.account})


@pytest.mark.skipif(
    not _UNPRIVILEGED.exists() or int(_UNPRIVILEGED.read_text()) <= _LOW,
    reason="every user may listen on low ports here",
)
def test_low_port_needs_root_and_is_not_said_to_be_used() -> None:
    script = f"from local.port_check import require_free; require_free({_LOW}, {{'nginx': {_LOW}}})"
    complaint = complaint_without("net_bind_service", script)
    assert f"port {_LOW}, which nginx needs, is not for this user" in complaint
    assert "ports below 1024 need root; start with --port 8" in complaint
