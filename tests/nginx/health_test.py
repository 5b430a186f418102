"""When a container of nginx is called healthy."""

import time
from pathlib import Path

from tests.nginx.upstream import answering
from tests.support import nginx_scripts
from tests.support.nginx_scripts import ScriptedNginx
from tests.support.ports import free_port


def healthy(edge: ScriptedNginx) -> bool:
    return edge.script("health.sh").returncode == 0


def test_nginx_is_healthy_as_soon_as_it_has_found_the_live_lane(tmp_path: Path) -> None:
    with answering() as lane:
        settings = {"BLUE_ACCOUNT": lane.address, "PATIENCE": "1000"}
        with nginx_scripts.started(tmp_path, settings) as edge:
            assert healthy(edge)


def test_nginx_looks_for_a_lane_that_is_not_there_for_some_seconds_and_once(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    with nginx_scripts.started(tmp_path, {"BLUE_ACCOUNT": place, "PATIENCE": "1000"}) as edge:
        assert not healthy(edge)
        patient = nginx_scripts.told(tmp_path, dict(edge.environment, PATIENCE="2"))
        deadline = time.monotonic() + 20
        while not healthy(patient):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert healthy(edge)
