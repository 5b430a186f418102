from dataclasses import replace

import pytest

from bluegreen.errors import LockedError, PortError, SettingsError, StepError
from bluegreen.journal import Journal, Run
from bluegreen.memory import MemoryClock
from bluegreen.setup.findings import Finding
from bluegreen.setup.gathering_test import KEY, NEEDED, PASSWORD, URL, Folder, complete
from bluegreen.setup.host import Host
from bluegreen.setup.host_test import GOOD
from bluegreen.setup.setting_up import Setup, Wanted
from bluegreen.store import AUDIT, Event, Record, Store
from bluegreen.testing import World, files

BARE = replace(GOOD, mode="", secrets_mode="", owner="")
WANTED = Wanted({}, frozenset(NEEDED), frozenset, complete, "./make {folder}")


class Place:
    """A server in memory."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def look(self) -> Host:
        return self.host

    def make_folder(self) -> None:
        self.host = GOOD


class Hasty(Place):
    """A server in memory, and Ctrl-C as its folder is made."""

    def make_folder(self) -> None:
        super().make_folder()
        raise KeyboardInterrupt


class Bench:
    """A setup, and what is seen of it."""

    def __init__(self, host: Host = BARE) -> None:
        self.place, self.world = Place(host), World()
        self.folder = Folder()
        self.told: list[Finding] = []
        self.records: list[Record] = []

    def setup(self) -> Setup:
        clock = MemoryClock(self.world)
        run = Run("run", "anna", lambda text: text)
        return Setup(
            place=self.place,
            folder=self.folder,
            lock=self.world.lock(),
            journal=Journal(Store(files(self.world)), clock, run, self.records.append),
            clock=clock,
            tell=self.told.append,
        )

    @property
    def said(self) -> str:
        return "\n".join(f"{each.name}: {each.said}" for each in self.told)


def test_a_bare_server_gets_a_folder_and_secrets() -> None:
    bench = Bench()
    bench.setup().do(WANTED)
    assert bench.place.host is GOOD
    assert bench.folder.keys() == set(NEEDED)
    assert f"secrets: made: {URL}, {KEY}, {PASSWORD}" in bench.said
    assert "lock.json" not in bench.world.files


def test_a_folder_is_written_down_before_it_is_made() -> None:
    bench = Bench()
    bench.place = Hasty(BARE)
    with pytest.raises(KeyboardInterrupt):
        bench.setup().do(WANTED)
    told = [(each.step, each.event) for each in bench.records]
    assert told == [("folder", Event.STARTED), ("folder", Event.FAILED)]


def test_a_second_setup_changes_nothing() -> None:
    bench = Bench()
    bench.setup().do(WANTED)
    before = dict(bench.folder), bench.world.files[AUDIT]
    bench.told.clear()
    bench.setup().do(WANTED)
    assert (dict(bench.folder), bench.world.files[AUDIT]) == before
    assert "all 3 are there" in bench.said


def test_a_dry_run_says_what_would_be_done_and_does_nothing() -> None:
    bench = Bench()
    bench.setup().look(replace(WANTED, given={KEY: "k"}))
    assert (bench.folder, bench.world.files, bench.place.host) == ({}, {}, BARE)
    assert "folder: would be made" in bench.said
    assert f"secrets: would be put there: {KEY}" in bench.said
    assert f"secrets: would be made by ./make {{folder}}: {URL}, {PASSWORD}" in bench.said
    folder = BARE.folder
    assert [each.said for each in bench.told if each.name == "would run"] == [
        f"mkdir -p {folder}/secrets; chmod 0700 {folder} {folder}/secrets",
        "here: ./make {folder}",
        *(f"(write {folder}/secrets/{name})" for name in sorted([KEY, URL, PASSWORD])),
    ]


def test_a_dry_run_where_all_is_there_would_run_nothing() -> None:
    bench = Bench()
    bench.setup().do(WANTED)
    bench.told.clear()
    bench.setup().look(WANTED)
    assert "would run" not in bench.said


def test_neither_what_is_said_nor_the_log_has_a_secret() -> None:
    bench = Bench()
    bench.setup().do(replace(WANTED, given={KEY: "s3cr3t"}))
    seen = bench.said + "".join(bench.world.files.values())
    assert not [value for value in bench.folder.values() if value in seen]
    assert f"put there: {KEY}" in bench.world.files[AUDIT]


@pytest.mark.parametrize("dry", [True, False])
def test_a_server_that_lacks_something_is_not_touched(*, dry: bool) -> None:
    lacking = replace(BARE, engine="", can_make=False)
    bench = Bench(lacking)
    setup = bench.setup()
    with pytest.raises(PortError, match="not ready: engine, folder; nothing was touched"):
        (setup.look if dry else setup.do)(WANTED)
    assert (bench.folder, bench.world.files, bench.place.host) == ({}, {}, lacking)


def test_secrets_that_nobody_has_end_it_before_any_is_put_there() -> None:
    bench = Bench()
    with pytest.raises(SettingsError):
        bench.setup().do(replace(WANTED, given={KEY: "k"}, complete=None))
    assert bench.folder == {}


def test_who_interrupts_it_hears_that_some_secrets_are_there() -> None:
    bench = Bench(GOOD)

    class Slow(Folder):
        def write(self, name: str, content: str) -> None:
            if self:
                raise KeyboardInterrupt
            super().write(name, content)

    bench.folder = Slow()
    with pytest.raises(StepError, match="it was interrupted; some are there; run the same") as said:
        bench.setup().do(WANTED)
    assert not said.value.went_back
    assert len(bench.folder) == 1
    assert '"event": "failed"' in bench.world.files[AUDIT]
    bench.folder = Folder(bench.folder)
    bench.setup().do(WANTED)
    assert bench.folder.keys() == set(NEEDED)


def test_nobody_changes_secrets_while_somebody_deploys() -> None:
    bench = Bench(GOOD)
    with (
        bench.world.lock("elsewhere").held("deploy"),
        pytest.raises(LockedError, match="deploy"),
    ):
        bench.setup().do(WANTED)
    assert bench.folder == {}
