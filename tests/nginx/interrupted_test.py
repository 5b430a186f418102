"""Scripts that are told to end, or killed, while they change something."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.nginx.upstream import Upstream, answering
from tests.support import nginx_scripts
from tests.support.nginx import SOURCE
from tests.support.nginx_scripts import ScriptedNginx

PATIENCE = 20.0
# nginx that says when it is told something, and waits with it.
SLOW = """#!/bin/sh
case " $* " in *" -s "*) touch '{told}'; while [ ! -e '{go}' ]; do sleep 0.05; done ;; esac
exec '{nginx}' "$@"
"""


@pytest.fixture
def blue() -> Iterator[Upstream]:
    with answering() as upstream:
        yield upstream


@pytest.fixture
def edge(tmp_path: Path, blue: Upstream) -> Iterator[ScriptedNginx]:
    """nginx with both lanes, of which green is away."""
    with nginx_scripts.started(tmp_path, {"BLUE_ACCOUNT": blue.address}) as started:
        yield started


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_change_of_lanes_that_is_interrupted_is_undone(
    edge: ScriptedNginx, tmp_path: Path, number: signal.Signals
) -> None:
    told, go, slow = tmp_path / "told", tmp_path / "go", tmp_path / "slow"
    slow.mkdir()
    (slow / "nginx").write_text(SLOW.format(told=told, go=go, nginx=edge.folder / "bin/nginx"))
    (slow / "nginx").chmod(0o755)
    with subprocess.Popen(  # noqa: S603  # our own script
        [str(SOURCE / "reload.sh"), "green"],
        env={**edge.environment, "PATH": f"{slow}:{edge.environment['PATH']}"},
        stderr=subprocess.PIPE,
        text=True,
    ) as changing:
        deadline = time.monotonic() + PATIENCE
        while not told.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        changing.send_signal(number)
        go.touch()
        _, said = changing.communicate(timeout=PATIENCE)
    assert changing.returncode == 1
    assert said.endswith("nginx: blue is live as before\n")
    assert (edge.folder / "lane/live.conf").read_text() == "default blue;\n"
    httpx.get(edge.url).raise_for_status()
    assert edge.script("ask.sh", "/nginx/configuration").stdout.splitlines()[-1].startswith("blue ")


def test_what_a_killed_script_left_is_not_in_the_way_of_the_next(edge: ScriptedNginx) -> None:
    (edge.folder / "run/current.new").symlink_to(edge.configuration.readlink())
    done = edge.script("reload.sh")
    assert done.returncode == 0, done.stderr
