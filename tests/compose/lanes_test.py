"""The files of servers and lanes: a release beside another, on the same servers."""

import json
from typing import Any

import httpx
import pytest

from tests.support import docker
from tests.support.docker import DockerError, Lanes, Stack

BEFORE_ALL = ("database-prepare", "database-migrate", "identity-keys", "static")
BEFORE_A_LANE = ("kafka-topics", "kafka-emptied", "kafka-access")
SERVICES = {"account", "database", "identity"}
ASK = "/opt/tandem/nginx/ask.sh"
RELOAD = "/opt/tandem/nginx/reload.sh"


def read(stack: Stack) -> dict[str, Any]:
    """The files of a project as Compose understands them, with what is run by hand."""
    told: dict[str, Any] = json.loads(stack.compose("--profile", "*", "config", "--format", "json"))
    return told


def live(lanes: Lanes) -> str:
    said = lanes.servers.exec("nginx", ASK, "/nginx/configuration")
    return said.stdout.splitlines()[-1].split()[0]


def start(lane: Stack) -> None:
    for task in BEFORE_A_LANE:
        lane.run(task)
    lane.up()


def test_a_lane_is_the_services_alone_on_what_the_servers_have() -> None:
    with docker.lanes() as lanes:
        servers, green = read(lanes.servers), read(lanes.green)
    assert green["name"] == f"{servers['name']}-green"
    always = {name for name, each in green["services"].items() if "profiles" not in each}
    assert always == SERVICES
    assert {name for name, each in servers["services"].items() if "profiles" not in each} == {
        *("kafka", "nginx", "postgres")
    }
    for kind in ("networks", "volumes"):
        names = {each["name"] for each in servers[kind].values()}
        for name, each in green[kind].items():
            assert each["external"], name
            assert each["name"] in names
    for each in green["services"].values():
        assert "depends_on" not in each
    assert green["services"]["account"]["networks"]["edge"] == {"aliases": ["green-account"]}


def test_a_lane_without_a_name_is_refused() -> None:
    with docker.lanes() as lanes:
        nameless = Stack(
            lanes.green.folder, "", "", {**lanes.servers.environment}, lanes.green.files
        )
        with pytest.raises(DockerError, match=r"TANDEM_LANE is missing a value: blue or green"):
            read(nameless)


def test_traffic_goes_from_one_lane_to_another_that_runs_beside_it() -> None:
    with docker.lanes() as lanes:
        lanes.servers.up()
        for task in BEFORE_ALL:
            lanes.servers.run(task)
        start(lanes.blue)
        assert live(lanes) == "blue"
        assert httpx.get(f"{lanes.servers.url}/sign-in").status_code == 200
        with pytest.raises(DockerError, match=r"processes read blue\.tandem"):
            lanes.blue.run("kafka-emptied")
        start(lanes.green)
        assert lanes.servers.exec("nginx", RELOAD, "green").returncode == 0
        assert live(lanes) == "green"
        lanes.blue.stop()
        assert httpx.get(f"{lanes.servers.url}/sign-in").status_code == 200
        lanes.blue.run("kafka-emptied")
