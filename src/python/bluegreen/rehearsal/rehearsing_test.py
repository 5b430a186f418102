"""What is said that would be run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
from docker.errors import ImageNotFound

from bluegreen.build.unbuilt import DIGEST, unbuilt
from bluegreen.bundle import digest
from bluegreen.engine.engine import SERVERS
from bluegreen.engine.lines import Lines
from bluegreen.errors import PortError, StepError
from bluegreen.memory import SERVICES, Files, Serving
from bluegreen.plan import Contract, Deploy, Prune, Rollback, Wanted, plan
from bluegreen.rehearsal.rehearsing import rehearse
from bluegreen.settings import Settings
from bluegreen.site import Ground, Site, SystemClock, Told
from bluegreen.ssh.connection import Connection, Done
from bluegreen.step import LEAVING, Action, Step
from bluegreen.store import Store
from bluegreen.testing import FILES, World, contract, release, with_deployed

SETTINGS = """
[project]
name = "tandem"
registry = "registry.test"
services = ["account", "database"]

[build]
names = ["kafka-tools"]

[tasks]
heads = "migrate status"
check = "migrate check --since {expand}"
expand = ["grow", "migrate"]
contract = ["migrate contract"]
prepare = ["topics", "routes"]
prepare-again = ["topics"]
publish = ["static"]
prove = ["scenario"]

[destinations.staging]
address = "deploy@staging.test"
known-hosts = "known_hosts"
public-url = "https://staging.test"
"""


class There:
    """The server that is looked at: what changes it is no attribute of it, and fails."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ran: list[Sequence[str]] = []

    def run(self, command: Sequence[str], *, timeout: float, stdin: str = "") -> Done:
        assert command[0] == "df", (timeout, stdin)
        return Done(0, "Avail\n99000000000\n", "")

    @contextmanager
    def asked(self, _timeout: float) -> Iterator[docker.DockerClient]:
        client = SimpleNamespace(
            info=lambda: {"DockerRootDir": "/var/lib/docker", "ServerVersion": "26.1.5"},
            containers=SimpleNamespace(list=self._list),
            images=SimpleNamespace(get=self._image),
        )
        try:
            yield cast(docker.DockerClient, client)
        except ImageNotFound as error:  # as the real one translates whatever leaves the context
            raise PortError(str(error)) from error

    def live(self, _timeout: float) -> str | None:
        return self.world.routed if self.world.state.live else None

    def _image(self, name: str) -> None:
        if name not in self.world.images:
            raise ImageNotFound(name)

    def _list(self, *, all: bool, filters: Mapping[str, Sequence[str]]) -> list[Any]:  # noqa: A002
        assert all
        project = filters["label"][0].partition("=")[2]
        if project == "tandem":
            names = SERVERS if self.world.state.live else frozenset()
            return [_container(project, name, name, running=True) for name in names]
        there = self.world.lanes.get(cast(Any, project.removeprefix("tandem-")))
        if there is None:
            return []
        images = {name: there.release.images[name] for name in SERVICES}
        return [_container(project, n, i, running=there.running) for n, i in images.items()]


class Today(Files):
    """Its files, and a clock that is right."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def _container(project: str, service: str, image: str, *, running: bool) -> object:
    named = {"com.docker.compose.project": project, "com.docker.compose.service": service}
    labels = named | ({"tandem.reconnect": "SIGUSR1"} if service == "account" else {})
    attrs = {"Config": {"Image": image}, "State": {"Running": running}}
    return SimpleNamespace(labels=labels, attrs=attrs)


def site_of(world: World) -> Site:
    there, settings = There(world), Settings.parse(SETTINGS)
    name, destination = settings.destination(None)
    parts = cast(Any, there)
    return Site(
        told=Told(settings, name, destination, {}, lambda _line: None),
        files=Today(world),
        store=Store(Today(world)),
        lock=world.lock(),
        lines=Lines(destination.folder, "tandem"),
        engine=parts,
        balancer=parts,
        servers=parts,
        serving=Serving(world),
        place=parts,
        secrets=parts,
        clock=SystemClock(),
        ground=Ground(cast(Connection, parts), parts),
    )


def rehearsed(world: World, wanted: Wanted) -> dict[str, list[str]]:
    """The lines of each step, by its name."""
    before = dict(world.files)
    steps = plan(world.state, wanted)
    contents = {digest(content): content for content in FILES.values()}
    said = list(rehearse(site_of(world), "deploy", steps, contents))
    assert world.files == before
    return {step.name: lines for step, lines in zip(steps, said, strict=True)}


@pytest.fixture(scope="module")
def second() -> dict[str, list[str]]:
    """A deploy to green beside the one that serves."""
    return rehearsed(with_deployed(1), Deploy(release(2)))


def tasks(lines: Sequence[str]) -> list[str]:
    return [each.partition(" --quiet-pull ")[2] for each in lines if "--quiet-pull" in each]


def executed(lines: Sequence[str]) -> list[str]:
    return [each for each in lines if each.startswith("docker ")]


def test_every_task_is_run_at_its_step_also_those_that_only_look(
    second: dict[str, list[str]],
) -> None:
    assert {name: tasks(lines) for name, lines in second.items() if tasks(lines)} == {
        "preflight": ["migrate status"],
        # Whether it is so, whether what serves can live with it, it, and whether it is so now.
        "expand": [
            *("migrate status", "migrate check --since e0001", "grow", "migrate", "migrate status")
        ],
        "topics green": ["topics", "routes"],
        "publish": ["static"],
        "prove green": ["scenario"],
    }


def test_a_release_that_is_not_built_yet_is_rehearsed_like_another(
    second: dict[str, list[str]],
) -> None:
    world = with_deployed(1)
    waited = unbuilt(Settings.parse(SETTINGS), "1" * 40, FILES, world.state.database)
    told = rehearsed(world, Deploy(waited))
    assert told.keys() == second.keys()
    assert told["record"][1:] == [
        f"(write /srv/tandem/releases/{waited.version}/{name})" for name in (*FILES, "release.json")
    ]
    assert f"docker pull registry.test/account@sha256:{DIGEST}" in told["pull"]


def test_what_a_task_is_told_is_written_before_it(second: dict[str, list[str]]) -> None:
    version = release(2).version
    folder = f"/srv/tandem/releases/{version}"
    [written, ran] = [each for each in second["publish"] if "state.json" not in each]
    assert written == f"(write {folder}/.env)"
    assert ran.startswith("flock -E 75 -w 53 /srv/tandem/.commands env TANDEM_LANE=blue docker")
    assert second["record"][1:] == [f"(write {folder}/{name})" for name in (*FILES, "release.json")]


def test_nginx_is_asked_and_told_as_it_would_be(second: dict[str, list[str]]) -> None:
    in_nginx = "docker exec tandem-nginx-1 /opt/tandem/nginx/"
    asked, served = f"{in_nginx}ask.sh /nginx/configuration", f"{in_nginx}ask.sh /nginx/live"
    assert executed(second["preflight"]) == [asked]
    assert executed(second["prove green"]) == [asked]
    # Of the proof, and of what is there to be put back.
    switched = [asked, asked, f"{in_nginx}reload.sh green", served]
    assert executed(second["switch green"]) == switched
    assert executed(second["topics green"]) == [asked, f"{in_nginx}stand-down.sh green"]


def test_the_lane_without_traffic_is_started_and_the_other_one_drained(
    second: dict[str, list[str]],
) -> None:
    up = second["start green"][-2]
    assert "--project-directory /srv/tandem/lanes/green up" in up
    waits = [
        "docker logs --timestamps tandem-nginx-1 (since the switch)",
        "docker top tandem-nginx-1 (until no worker of before is there)",
    ]
    active = [each for each in second["drain-http blue"] if "/metrics" in each]
    assert len(active) == len(SERVICES)
    assert [each for each in second["drain-http blue"] if each in waits] == waits
    assert "docker kill --signal SIGUSR1 tandem-blue-account-1" in second["drain-streams blue"]
    assert [each for each in second["drain-calls blue"] if "docker stop" in each] == [
        f"docker stop tandem-blue-{each}-1" for each in SERVICES
    ]


def test_what_is_so_already_is_not_run(second: dict[str, list[str]]) -> None:
    assert second["clear green"][-1] == "(it is so: nothing is run)"
    # All its containers are stopped one by one before.
    assert second["stop blue"][-1] == "(it is so: nothing is run)"
    assert second["servers"][-1] == "(it is so: nothing is run)"
    assert executed(second["pull"]) == [f"docker pull {i}" for i in release(2).images.values()]


def test_a_lane_stands_in_no_more_before_it_is_changed() -> None:
    world = with_deployed(1, 2)
    said = rehearsed(world, Deploy(release(3)))
    actions = {name: Action(name.split()[0]) for name in said}
    ran = {name for name, lines in said.items() if any("stand-down" in each for each in lines)}
    skipped = {name for name, lines in said.items() if any("it is so" in each for each in lines)}
    assert ran == {name for name, action in actions.items() if action in LEAVING} - skipped


def test_a_first_deploy_starts_the_servers() -> None:
    said = rehearsed(World(), Deploy(release(1)))
    assert [each for each in said["servers"] if "state.json" not in each][:2] == [
        "(write /srv/tandem/servers/.env)",
        "(write /srv/tandem/servers/compose.yaml)",
    ]
    assert said["servers"][-1] == "docker volume create tandem_static (if it is not there)"
    assert not any("stand-down" in each for lines in said.values() for each in lines)
    assert any("(ask the registry for" in each for each in said["preflight"])


def test_a_rollback_expands_nothing_and_starts_what_is_there() -> None:
    said = rehearsed(with_deployed(1, 2), Rollback(release(1)))
    assert {name: tasks(lines) for name, lines in said.items() if tasks(lines)} == {
        "preflight": ["migrate status"],
        "topics blue": ["topics"],
        "prove blue": ["scenario"],
    }
    assert not any(" down " in each for lines in said.values() for each in lines)


def test_tasks_that_a_release_of_before_has_not_are_left_out() -> None:
    world = with_deployed(1, 2, 3)
    before = plan(world.state, Rollback(release(1)))
    path = f"releases/{release(1).version}/lane.yml"
    world.files[path] = FILES["lane.yml"].replace("  topics: {profiles: [task]}\n", "")
    steps = [step.name for step in before]
    said = dict(zip(steps, rehearse(site_of(world), "rollback", before, {}), strict=True))
    [topics] = [name for name in steps if name.startswith("topics")]
    assert tasks(said[topics]) == ["routes"]
    version = release(1).version
    assert f"({version} has no task topics)" in said[topics]
    assert tasks(said["publish"]) == ["static"]


def test_the_schema_is_contracted_and_looked_at_before_and_after() -> None:
    world = with_deployed(1)
    world.run(Deploy(release(2, contract=2)))
    wanted: Contract = contract(world)
    said = rehearsed(world, wanted)
    assert tasks(said["contract"]) == ["migrate status", "migrate contract", "migrate status"]


def test_hooks_are_told_beside_their_steps() -> None:
    world = with_deployed(1)
    site = site_of(world)
    hooks = (
        '[hooks]\nbefore.pull = {command = ["./look", "here"]}\nafter.pull = {command = ["no"]}\n'
    )
    settings = Settings.parse(f"{hooks}{SETTINGS}")
    steps = plan(world.state, Deploy(release(2)))
    contents = {digest(content): content for content in FILES.values()}
    told = replace(site.told, settings=settings)
    said = rehearse(replace(site, told=told), "deploy", steps, contents)
    [pull] = [lines for step, lines in zip(steps, said, strict=True) if step.action is Action.PULL]
    assert (pull[0], pull[-1]) == ("here: ./look here", "here: no")


def test_what_another_release_needs_is_not_removed() -> None:
    world = with_deployed(1, 2, 3)
    versions = [release(number).version for number in (1, 2, 3)]
    [lines] = rehearsed(world, Prune(versions, versions, keep=1)).values()
    gone = [f"docker image rm {image}" for image in sorted(release(1).images.values())]
    assert lines == [*gone, f"rm -rf /srv/tandem/releases/{release(1).version}"]


def until_it_fails(
    site: Site, steps: Sequence[Step], contents: Mapping[str, str], why: str
) -> dict[str, list[str]]:
    """The lines of each step up to the one that would fail, by its name."""
    said: list[list[str]] = []
    with pytest.raises(StepError, match=why):
        said.extend(rehearse(site, "deploy", steps, contents))
    return {step.name: lines for step, lines in zip(steps, said, strict=False)}


def test_what_would_fail_is_said_before_it_is_tried_behind_all_that_would_be_run_until_then() -> (
    None
):
    world = with_deployed(1)
    steps = plan(world.state, Deploy(release(2)))
    why = r"the files of .* are not at hand"
    said = until_it_fails(site_of(world), steps, {}, f"record failed: {why}")
    assert list(said) == ["preflight", "begin green", "record"]
    assert tasks(said["preflight"]) == ["migrate status"]
    [failed] = [each for each in said["record"] if "state.json" not in each]
    assert re.fullmatch(rf"\(it would fail: {why}.*\)", failed)


def test_a_lane_that_would_not_serve_is_said_with_what_would_take_it_back() -> None:
    world = with_deployed(1)
    file = FILES["lane.yml"].replace("  database:", "  orders: {image: orders}\n  database:")
    files = {**FILES, "lane.yml": file}
    made = release(2)
    grown = made.model_copy(update={"files": {n: digest(each) for n, each in files.items()}})
    contents = {digest(content): content for content in files.values()}
    steps = plan(world.state, Deploy(grown))
    why = "switch green failed: green is not healthy any more; everything is as before"
    said = until_it_fails(site_of(world), steps, contents, why)
    assert list(said)[-1] == "switch green"
    assert "(it would fail: green is not healthy any more)" in said["switch green"]
    [down] = [each for each in said["switch green"] if " down " in each]
    assert "tandem-green" in down


def test_nobody_is_kept_from_a_rehearsal_by_who_deploys() -> None:
    world = with_deployed(1)
    with world.lock().held("deploy"):
        assert rehearsed(world, Deploy(release(2)))
