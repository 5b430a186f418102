import sys
from pathlib import Path

import pytest

from bluegreen import commands
from bluegreen.build.building import Builder
from bluegreen.build.images import Built, Told
from bluegreen.build.stages import stages
from bluegreen.bundle import Bundle
from bluegreen.errors import PortError, SettingsError, TemporaryError
from bluegreen.memory import MemoryClock
from bluegreen.release import Heads
from bluegreen.settings import Settings
from bluegreen.site import unkept
from bluegreen.store import Event, Record
from bluegreen.testing import World

SETTINGS = f"""
[project]
name = "tandem"
registry = "registry.example.com/shop"
services = ["account", "database"]

[build]
command = ["{sys.executable}", "-c", "print('all images are built')"]
heads = {{image = "database", command = ["migrate", "heads", "--json"]}}

[destinations.staging]
address = "deploy@staging.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://staging.example.com/"
"""
LANE = """
services:
  account: {image: "${TANDEM_IMAGE_ACCOUNT:-tandem/account:dev}"}
  database: {image: "${TANDEM_IMAGE_DATABASE:-tandem/database:dev}"}
"""


class Shelf:
    """Images in memory, and a registry that fails as often as it is told to."""

    def __init__(self) -> None:
        self.images = {name: image(name) for name in ("tandem/account:dev", "tandem/database:dev")}
        self.pushed: dict[str, str] = {}
        self.faults: list[Exception] = []
        self.closed: Exception | None = None
        self.heads = '{"expand": "e0007", "contract": "c0002"}'

    def built(self, name: str) -> Built:
        if name not in self.images:
            raise PortError(f"there is no image {name}")
        return self.images[name]

    def digest(self, repository: str, tag: str, timeout: float) -> str | None:
        assert timeout > 0
        if self.closed:
            raise self.closed
        return self.pushed.get(f"{repository}:{tag}")

    def push(self, image: Built, repository: str, tag: str, timeout: float, told: Told) -> str:
        assert timeout > 0
        if self.faults:
            raise self.faults.pop(0)
        told(2_500_000, 5_000_000)
        self.pushed[f"{repository}:{tag}"] = f"sha256:{image.id}"
        return f"sha256:{image.id}"

    def printed(self, image: Built, command: tuple[str, ...], timeout: float) -> str:
        assert (image, command) == (
            self.images["tandem/database:dev"],
            ("migrate", "heads", "--json"),
        )
        assert timeout > 0
        return self.heads


def image(name: str, number: int = 1) -> Built:
    layers = (f"sha256:{number:064}",)
    return Built(f"{number:060x}{len(name):04x}", f"fingerprint-of-{name[7:10]}", layers)


class Workshop:
    """A checkout, and what builds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = Shelf()
        self.lines: list[str] = []
        self.records: list[Record] = []
        self.world = World()
        self.settings = SETTINGS
        self.environment = {"LANG": "C"}
        for command in (
            ["init", "--quiet"],
            ["config", "user.email", "anna@example.com"],
            ["config", "user.name", "Anna"],
            ["commit", "--quiet", "--allow-empty", "--message=Begin"],
        ):
            self.git(*command)

    def git(self, *command: str) -> str:
        return commands.output(["git", "-C", str(self.folder), *command], timeout=10)

    def build(self) -> Bundle:
        return Builder(
            settings=Settings.parse(self.settings),
            checkout=self.folder,
            images=self.images,
            clock=MemoryClock(self.world),
            journal=unkept(self.records.append, {}),
            say=self.lines.append,
            environment=self.environment,
            render=lambda file: LANE if file.name == "lane.yml" else "services: {}\n",
        ).build()


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_a_release_has_every_image_by_its_digest_in_the_registry(workshop: Workshop) -> None:
    release = workshop.build().release
    ids = {name: shelved.id for name, shelved in workshop.images.images.items()}
    assert release.images == {
        name: f"registry.example.com/shop/{name}@sha256:{ids[f'tandem/{name}:dev']}"
        for name in ("account", "database")
    }
    assert release.revision == workshop.git("rev-parse", "HEAD").strip()
    assert release.heads == Heads(expand="e0007", contract="c0002")
    assert sorted(release.files) == ["lane.yml", "servers.yml"]


def test_what_is_done_is_told(workshop: Workshop) -> None:
    release = workshop.build().release
    assert workshop.lines[1:3] == ["all images are built", "account: pushing, 2.5 of 5.0 MB"]
    ended = [(each.step, each.event, each.detail) for each in workshop.records[1::2]]
    assert ended == [
        ("build", Event.SUCCEEDED, ""),
        ("heads", Event.SUCCEEDED, ""),
        ("push account", Event.SUCCEEDED, release.images["account"].partition("@")[2]),
        ("push database", Event.SUCCEEDED, release.images["database"].partition("@")[2]),
    ]
    assert {each.event for each in workshop.records[::2]} == {Event.STARTED}


def test_what_is_planned_is_what_is_done(workshop: Workshop) -> None:
    workshop.build()
    planned = [stage.name for stage in stages(Settings.parse(workshop.settings))]
    assert [each.step for each in workshop.records[::2]] == planned


def test_what_fails_is_told_with_its_reason(workshop: Workshop) -> None:
    workshop.settings = SETTINGS.replace("print('all images are built')", "import nothing")
    with pytest.raises(PortError):
        workshop.build()
    assert [each.event for each in workshop.records] == [Event.STARTED, Event.FAILED]
    assert "ended with 1" in workshop.records[-1].detail


def test_the_same_content_is_pushed_once_and_keeps_its_digest(workshop: Workshop) -> None:
    first = workshop.build()
    # Built anew, or on another machine: ids differ there, contents do not.
    for name, before in workshop.images.images.items():
        workshop.images.images[name] = Built("f" * 64, before.fingerprint, before.layers)
    workshop.lines.clear()
    workshop.records.clear()
    assert workshop.build().release.is_same_as(first.release)
    assert [line for line in workshop.lines if "push" in line] == []
    pushes = [each.event for each in workshop.records if each.step.startswith("push")]
    assert pushes == [Event.STARTED, Event.SKIPPED] * 2


@pytest.mark.parametrize(
    "changed",
    [
        Built("2" * 64, "fingerprint-of-other-code", image("tandem/account:dev").layers),
        image("tandem/account:dev", 2),
    ],
    ids=["code", "base"],
)
def test_what_changed_gets_another_digest_and_nothing_else_does(
    workshop: Workshop, changed: Built
) -> None:
    first = workshop.build().release
    workshop.images.images["tandem/account:dev"] = changed
    second = workshop.build().release
    assert second.changed_since(first) == ["account"]


def test_what_stands_in_the_way_for_a_moment_is_tried_again(workshop: Workshop) -> None:
    workshop.images.faults = [TemporaryError("the registry is busy")] * 2
    workshop.build()
    assert workshop.lines[2:4] == [
        "the registry is busy; again in 2 s",
        "the registry is busy; again in 4 s",
    ]
    assert workshop.world.seconds == 6


@pytest.mark.parametrize(
    ("faults", "limit", "left"),
    [
        ([TemporaryError("busy")] * 9, 900, 6),
        ([TemporaryError("busy")] * 9, 1, 8),
        ([PortError("the login is refused")] * 9, 900, 8),
    ],
)
def test_tries_end(workshop: Workshop, faults: list[Exception], limit: int, left: int) -> None:
    workshop.settings = SETTINGS.replace("heads =", f"push-timeout = {limit}\nheads =")
    workshop.images.faults = faults
    with pytest.raises(PortError, match=str(faults[0])):
        workshop.build()
    assert len(workshop.images.faults) == left


def test_nothing_is_pushed_when_an_image_is_missing(workshop: Workshop) -> None:
    del workshop.images.images["tandem/database:dev"]
    with pytest.raises(PortError, match="no image tandem/database:dev"):
        workshop.build()
    assert workshop.images.pushed == {}


def test_nothing_is_pushed_when_the_build_fails(workshop: Workshop) -> None:
    workshop.settings = SETTINGS.replace("print('all images are built')", "import nothing")
    with pytest.raises(PortError, match="ended with 1"):
        workshop.build()
    assert workshop.images.pushed == {}
    assert any("No module named 'nothing'" in line for line in workshop.lines)


def test_nothing_is_built_when_the_registry_lets_nobody_in(workshop: Workshop) -> None:
    workshop.images.closed = PortError("the registry refuses the login")
    with pytest.raises(PortError, match="refuses the login"):
        workshop.build()
    assert workshop.lines == []


def test_nothing_is_built_when_settings_and_compose_files_do_not_fit(workshop: Workshop) -> None:
    workshop.settings = SETTINGS + '[tasks]\nprove = ["scenario"]\n'
    with pytest.raises(SettingsError, match=r"tasks\.prove: lane\.yml has no service scenario"):
        workshop.build()
    assert workshop.lines == []


def test_heads_that_are_none_are_refused(workshop: Workshop) -> None:
    workshop.images.heads = "usage: migrate"
    with pytest.raises(PortError, match="what migrate heads --json of tandem/database:dev printed"):
        workshop.build()


def test_a_release_of_no_schema_needs_no_heads(workshop: Workshop) -> None:
    lines = [line for line in SETTINGS.splitlines() if not line.startswith("heads")]
    workshop.settings = "\n".join(lines)
    assert workshop.build().release.heads == Heads()


def test_changes_that_no_commit_has_are_told(workshop: Workshop) -> None:
    (workshop.folder / "new.py").write_text("")
    workshop.build()
    assert "changes that no commit" in workshop.lines[0]


def test_bases_that_may_become_others_are_told(workshop: Workshop) -> None:
    workshop.settings = SETTINGS.replace("[build]\n", '[build]\nbases = "bases.env"\n')
    pinned = f"postgres:17@sha256:{0:064}"
    bases = workshop.folder / "bases.env"
    bases.write_text(f"# Names.\nPYTHON_IMAGE=python:3.13-slim\nPOSTGRES_IMAGE={pinned}\n")
    workshop.git("add", "bases.env")
    workshop.git("commit", "--quiet", "--message=Bases")
    workshop.build()
    [warned] = [line for line in workshop.lines if "no digest pins" in line]
    assert "python:3.13-slim;" in warned
    assert "postgres" not in warned

    bases.write_text(f"POSTGRES_IMAGE={pinned}\n")
    workshop.lines.clear()
    workshop.build()
    assert not [line for line in workshop.lines if "no digest pins" in line]


def test_nothing_is_asked_or_built_where_the_file_of_bases_is_missing(workshop: Workshop) -> None:
    workshop.settings = SETTINGS.replace("[build]\n", '[build]\nbases = "bases.env"\n')
    workshop.images.closed = PortError("nobody is to ask")
    with pytest.raises(SettingsError, match=r"build\.bases is wrong:\n  bases\.env: No such"):
        workshop.build()
    assert (workshop.records, workshop.lines) == ([], [])


def test_a_folder_without_history_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    workshop.folder = tmp_path / "nowhere"
    with pytest.raises(PortError, match="git"):
        workshop.build()


def test_what_builds_is_told_no_secret(workshop: Workshop) -> None:
    workshop.settings = SETTINGS.replace(
        "print('all images are built')", "import os; print(sorted(os.environ))"
    ).replace("[project]", 'notify = [{environment = "CHAT"}]\n[project]')
    workshop.settings += """key = {environment = "KEY"}
[destinations.production]
address = "deploy@www.example.com"
known-hosts = "deploy/known_hosts"
public-url = "https://www.example.com/"
secrets = {postgres_password = {environment = "PASSWORD"}}
"""
    workshop.environment |= {"CHAT": "url", "KEY": "k", "PASSWORD": "p", "PATH": "/bin"}
    workshop.build()
    [told] = [line for line in workshop.lines if line.startswith("[")]
    assert "'PATH'" in told
    assert not [name for name in ("CHAT", "KEY", "PASSWORD") if name in told]
