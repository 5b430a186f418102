"""Services beside account: each release's own routes come and go with its lane."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.nginx.upstream import Upstream, answering
from tests.support import nginx_scripts
from tests.support.nginx import SOURCE

PLACE = """\
upstream blue-otters { zone blue-otters 64k; server ${BLUE_OTTERS} resolve; }
upstream green-otters { zone green-otters 64k; server ${GREEN_OTTERS} resolve; }
"""
ROUTE = """\
location ~ ^/otters(/|$) {
    limit_req zone=requests burst=${REQUEST_BURST} nodelay;
    proxy_pass http://$lane-otters;
}
"""


class Edge:
    """nginx before account, and a service that only a later release has."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.account, self.otters = (stack.enter_context(answering()) for _ in range(2))
        settings = {
            f"{lane}_{name}": one.address
            for lane in ("BLUE", "GREEN")
            for name, one in (("ACCOUNT", self.account), ("OTTERS", self.otters))
        }
        self.nginx = stack.enter_context(nginx_scripts.started(folder, settings))
        self.newer = folder / "newer"
        shutil.copytree(SOURCE, self.newer)
        (self.newer / "templates/otters.conf.template").write_text(PLACE)
        self.route = self.newer / "parts/otters.route.template"
        self.route.write_text(ROUTE)

    def keep(self, image: Path, lane: str) -> None:
        """Have the routes of another image kept for a lane, as its task does."""
        done = self.nginx.script("routes.sh", lane, source=image)
        assert done.returncode == 0, done.stderr

    def switch(self, lane: str) -> str:
        """Give a lane the traffic; what the script wrote to standard error."""
        done = self.nginx.script("reload.sh", lane)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def asked(self) -> Upstream:
        """Who answers for the service."""
        before = len(self.otters.received)
        httpx.get(f"{self.nginx.url}/otters/1").raise_for_status()
        return self.otters if len(self.otters.received) > before else self.account


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    with ExitStack() as stack:
        yield Edge(tmp_path, stack)


def test_a_route_comes_with_the_lane_of_its_release_and_goes_with_it(edge: Edge) -> None:
    edge.keep(SOURCE, "blue")
    edge.keep(edge.newer, "green")
    assert edge.asked() is edge.account
    edge.switch("green")
    assert edge.asked() is edge.otters
    edge.switch("blue")
    assert edge.asked() is edge.account


def test_a_restart_keeps_the_routes_of_the_live_lane(edge: Edge) -> None:
    edge.keep(edge.newer, "green")
    edge.switch("green")
    assert edge.nginx.script("configure.sh").returncode == 0
    assert (edge.nginx.configuration / "parts/otters.route").exists()


def test_the_next_release_in_a_lane_leaves_no_route_of_the_one_before(edge: Edge) -> None:
    edge.keep(edge.newer, "green")
    edge.keep(SOURCE, "green")
    edge.switch("green")
    assert edge.asked() is edge.account


def test_routes_that_this_nginx_refuses_keep_nobody_from_the_lane(edge: Edge) -> None:
    edge.route.write_text("no_such_directive;\n")
    edge.keep(edge.newer, "green")
    assert "the routes of green are refused; those of this image are taken" in edge.switch("green")
    assert edge.asked() is edge.account


@pytest.mark.parametrize("arguments", [(), ("purple",), ("blue", "green")])
def test_routes_are_kept_for_a_lane_alone(edge: Edge, arguments: tuple[str, ...]) -> None:
    done = edge.nginx.script("routes.sh", *arguments)
    assert (done.returncode, "usage" in done.stderr) == (1, True)
