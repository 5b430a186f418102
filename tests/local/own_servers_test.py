"""`--kafka` and a PostgreSQL of the environment: the system on servers that somebody else runs."""

from pathlib import Path

import pytest

from local.options import POSTGRES
from tests.local.checkout_copy import copy_checkout
from tests.local.ports import free_block
from tests.local.running import running, sign_up
from tests.support import kafka, postgres
from tests.support.applications import APPLICATIONS

_STARTED = 90.0  # seconds


def test_named_servers_take_the_places_of_the_embedded_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, ports = copy_checkout(tmp_path / "checkout"), free_block()
    with kafka.running() as broker, postgres.running() as server:
        monkeypatch.setenv(POSTGRES, server.admin_url)
        options = ("--kafka", broker.bootstrap_servers)
        with running(root, "--port", str(ports.base), *options, module="local") as runner:
            runner.wait_for("ready in", seconds=_STARTED)
            children = runner.children()
            assert children.keys() == {"nginx", *APPLICATIONS}
            assert "topics       done" in runner.output
            assert sign_up(ports.nginx) == 201
            runner.press_ctrl_c()
            assert runner.code(seconds=30) == 0
            runner.assert_nothing_left()
    assert server.password not in runner.output
