"""The files of servers and lanes: a release beside another, on the same servers."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.support import docker
from tests.support.applications import APPLICATIONS
from tests.support.docker import DockerError, Lanes, Stack
from tests.system.api import Client
from tests.system.people import Person

BEFORE_ALL = ("database-prepare", "database-migrate", "identity-keys", "static")
BEFORE_A_LANE = ("kafka-topics", "kafka-emptied", "kafka-access")
SERVICES = set(APPLICATIONS)
ASK = "/opt/tandem/nginx/ask.sh"
RELOAD = "/opt/tandem/nginx/reload.sh"
METRICS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8080/metrics", timeout=5).read().decode())
"""
ACTIVE = re.compile(r'^http_server_active_requests\{kind="(\w+)"\} (\d+)', re.MULTILINE)
STREAM = "/api/v1/activity/stream"
PATIENCE = 30.0  # seconds


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


def under_way(lane: Stack) -> dict[str, int]:
    """What account of this lane has under way, by kind."""
    said = lane.exec("account", "/app/bin/python", "-c", METRICS)
    return {kind: int(count) for kind, count in ACTIVE.findall(said.stdout)}


def wait_for(lane: Stack, **expected: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := under_way(lane)) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


@contextmanager
def listening(client: Client, last_id: str = "") -> Iterator[Iterator[str]]:
    """The lines of a stream of activity."""
    headers = {"last-event-id": last_id} if last_id else {}
    with client.stream("GET", STREAM, headers=headers) as answer:
        assert answer.status_code == httpx.codes.OK
        yield answer.iter_lines()


def next_id(lines: Iterator[str]) -> str:
    return next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")


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
        assert all(each["external"] for each in green[kind].values())
        names = {each["name"] for each in green[kind].values()}
        # The keys that sign are of no use to the servers themselves.
        of_lanes = {f"{servers['name']}_signing-keys"}
        assert names - {each["name"] for each in servers[kind].values()} <= of_lanes
    for each in green["services"].values():
        assert "depends_on" not in each
    assert green["services"]["account"]["networks"]["edge"] == {"aliases": ["green-account"]}
    scenario = green["services"]["scenario"]
    assert list(scenario["networks"]) == ["edge"]
    assert [each["source"] for each in scenario["secrets"]] == ["tandem_scenario_password"]
    assert (scenario["read_only"], scenario["cap_drop"]) == (True, ["ALL"])


def test_a_lane_without_a_name_is_refused() -> None:
    with docker.lanes() as lanes:
        nameless = Stack(
            lanes.green.folder, "", "", {**lanes.servers.environment}, lanes.green.files
        )
        with pytest.raises(DockerError, match=r"TANDEM_LANE is missing a value: blue or green"):
            read(nameless)


def test_traffic_goes_from_one_lane_to_another_that_runs_beside_it_and_was_proved() -> None:
    person = Person("Ada Lovelace")
    with docker.lanes() as lanes, Client(lanes.servers.url) as client:
        lanes.servers.up()
        for task in BEFORE_ALL:
            lanes.blue.run(task)
        start(lanes.blue)
        assert live(lanes) == "blue"
        assert client.sign_up(person).status_code == httpx.codes.CREATED
        with pytest.raises(DockerError, match=r"processes read blue\.tandem"):
            lanes.blue.run("kafka-emptied")
        with pytest.raises(DockerError, match=r"failed  sign in .*\n.*\n.*\n  answered  502"):
            lanes.green.run("scenario")
        start(lanes.green)
        print(lanes.green.run("scenario"))
        with listening(client) as lines:
            last_id = next_id(lines)
            wait_for(lanes.blue, request=0, stream=1)
            assert lanes.servers.exec("nginx", RELOAD, "green").returncode == 0
            assert live(lanes) == "green"
            lanes.blue.compose("kill", "--signal", "SIGUSR1")
            assert [line for line in lines if line.startswith(("event:", "data:"))] == []
        wait_for(lanes.blue, request=0, stream=0)
        assert client.save_profile("Ada King", about="").status_code == httpx.codes.OK
        with listening(client, last_id) as lines:
            assert next_id(lines) == last_id
            assert next_id(lines) != last_id
            wait_for(lanes.green, request=0, stream=1)
        for each in lanes.blue.containers():
            assert (each["State"]["Running"], each["RestartCount"]) == (True, 0)
        assert lanes.blue.logs().count('"draining"') == len(SERVICES)
        lanes.blue.stop()
        assert client.get("/account").status_code == httpx.codes.OK
        lanes.blue.run("kafka-emptied")
