"""Bad releases on a real server: who serves goes on, people hear why, all is as it was."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import pytest

from bluegreen.cli.exits import Exit
from tests.bluegreen import shown
from tests.docs.commands import documented, mentioned
from tests.support import releases, site_load
from tests.support.delivery import Delivery
from tests.support.releases import Change, Migration, Shelf
from tests.support.site_load import Mix, SiteLoad
from tests.support.site_report import Report
from tests.support.sql import locked, sql

pytestmark = pytest.mark.timeout(900)  # seconds; a server is set up in the first test

LIGHT = Mix(people=2, pages=1.0, starts=4.0, edits=0.2, visits=0.0)
BUSY = Mix(people=4, pages=2.0, starts=12.0, edits=0.2, visits=0.0)
QUICKLY = "database-migrate migrate expand --attempts 2"


@contextmanager
def watched(site: Delivery, mix: Mix = LIGHT) -> Iterator[SiteLoad]:
    """A load, and that the release before it serves after it, alone, as before."""
    before, live = site.serving, site.state.live
    with site_load.running(site.url, mix) as load:
        yield load
    state = site.state
    assert (site.serving, state.live, state.operation) == (before, live, None)
    assert not (site.server.folder / "lock.json").exists()
    other = live.other if live else None
    assert not [
        each["Name"]
        for each in site.server.containers()
        if each["State"]["Running"] and f"-{other}-" in each["Name"]
    ]


@dataclass(frozen=True)
class Bad:
    """A release that never gets the traffic.

    Attributes:
        image: What is changed.
        change: How; made anew for each run.
        step: Which step finds out.
        reason: What the message says of it.
        shown: What else is shown, to see why.
    """

    image: str
    change: Callable[[], Change | Migration]
    step: str
    reason: str
    shown: tuple[str, ...]
    held: bool = False


BAD = {
    "answers 500": Bad(
        "account",
        releases.fails,
        "prove",
        r"the task `scenario` ended with 1: failed sign in .*; answered 500, text/plain",
        ("account is running and healthy", "answered  500"),
    ),
    "drops a column": Bad(
        "database",
        releases.drops_a_column,
        "expand",
        r"`database-migrate migrate check --since e\d+` ended with 6: e\d+: .*drop-column",
        ("the running release may not live on with it", "drop it in contract"),
    ),
    "renames a column": Bad(
        "database",
        releases.renames_a_column,
        "expand",
        r"ended with 6: .*rename-column: accounts.display_name",
        ("the running release may not live on with it", "add the new one, write both"),
    ),
    "requires a column": Bad(
        "database",
        releases.requires_a_column,
        "expand",
        r"ended with 6: .*required-column: accounts.country",
        ("the running release may not live on with it", "nullable or with a DEFAULT now"),
    ),
    "requires a column once it is filled": Bad(
        "database",
        releases.requires_a_new_column_later,
        "expand",
        r"ended with 6: .*set-not-null: accounts.country",
        ("the running release may not live on with it", "SET NOT NULL in contract"),
    ),
    "fails to expand": Bad(
        "database",
        releases.fails_to_expand,
        "expand",
        r"ended with 1: error: e\d+ failed.*division by zero",
        ("Divide by nothing",),
    ),
    "waits for a lock": Bad(
        "database",
        releases.needs_a_table,
        "expand",
        r"cannot be done now: error: e\d+ met a lock in each of 2 attempts",
        ("gave way to others", "lock timeout"),
        held=True,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_release_gets_no_traffic_and_says_why(
    site: Delivery, shelf: Shelf, name: str
) -> None:
    bad = BAD[name]
    hold: AbstractContextManager[None] = nullcontext()
    if bad.held:
        hold = locked(site.servers()["postgres"]["Id"], "accounts", site.server.engine.environment)
    told = len(site.heard)
    with hold, site.told(expand=QUICKLY), watched(site) as load:
        done = site.deploy(shelf.release(**{bad.image: bad.change()}))
        report = load.stop()
    print(shown.everything(done))
    print(report)
    assert done.returncode == Exit.FAILED
    last = done.stderr.splitlines()[-1]
    assert re.search(rf"error: {bad.step}.* failed: .*{bad.reason}", last), last
    assert last.endswith("everything is as before")
    for each in bad.shown:
        assert each in done.stderr
    [heard] = site.heard[told:]
    assert heard["type"] == "failure"
    assert last.removeprefix("error: ") in heard["message"]
    assert report.failures == []


def test_a_release_that_does_not_start_is_told_of_as_the_page_shows(
    site: Delivery, shelf: Shelf
) -> None:
    command = documented("docs/deploying.md", "bluegreen deploy")
    tag = shelf.release(account=releases.ends_at_start("no license"))
    told = len(site.heard)
    with site.told(tag=tag), watched(site) as load:
        done = site.typed(command)
        report = load.stop()
    print(done.said)
    assert done.code == Exit.FAILED
    assert shown.steps(done.said)[-2:] == shown.steps(command.output)
    reason = (
        r"error: start \w+ failed: .*is not healthy in (blue|green): account is .* wrote at last"
    )
    for text in (done.said, command.output):
        last = text.splitlines()[-1]
        assert re.search(reason, last), last
        assert last.endswith("everything is as before")
        assert "its log ends:" in text
    last = done.said.splitlines()[-1]
    assert re.search(r"account is .* and wrote at last: no license", last), last
    [heard] = site.heard[told:]
    assert heard["type"] == "failure"
    assert last.removeprefix("error: ") in heard["message"]
    assert report.failures == []


@pytest.mark.night
def test_a_slow_release_gives_the_traffic_back(site: Delivery, shelf: Shelf) -> None:
    report, stderr = _sent_back(site, shelf.release(account=releases.slow(1.0)))
    why = r"error: watch \w+ failed: .*99 % of \d+ requests took up to \d\.\d+ s"
    assert re.search(why, stderr.splitlines()[-1]), stderr
    assert report.failures == []


@pytest.mark.night
def test_a_release_that_leaks_until_it_is_killed_gives_the_traffic_back(
    site: Delivery, shelf: Shelf
) -> None:
    report, stderr = _sent_back(site, shelf.release(account=releases.leaks(1)))
    last = stderr.splitlines()[-1]
    why = r"account is \w+[^;]*, killed for lack of memory"
    assert re.search(rf"error: watch \w+ failed: .*{why}", last), last
    assert re.search(rf"^{why}.*\n  last probe ended with ", stderr, re.MULTILINE), stderr
    # Whoever asks for what may be asked for twice is answered by the lane before, which stands in;
    # a stream that is cut is asked for anew, and misses nothing.
    assert [each for each in report.failures if not each.is_cut] == []
    assert report.streams.missed == []
    assert report.streams.repeated == []


def _sent_back(site: Delivery, tag: str) -> tuple[Report, str]:
    """Deliver what does badly once it has traffic; what people felt, and what was said of it."""
    told = len(site.heard)
    with site.told(watch="seconds = 120\ninterval = 1"), watched(site, BUSY) as load:
        done = site.deploy(tag)
        time.sleep(5)
        report = load.stop()
    print(shown.everything(done))
    print(report)
    assert done.returncode == Exit.FAILED
    assert "its log ends:" in done.stderr
    [heard] = site.heard[told:]
    assert heard["type"] == "failure"
    last = done.stderr.splitlines()[-1]
    assert last.endswith("everything is as before")
    assert last.removeprefix("error: ") in heard["message"]
    assert (report.writes.lost, report.writes.doubled) == ([], [])
    return report, done.stderr


def test_a_good_release_is_delivered_and_taken_back(site: Delivery, shelf: Shelf) -> None:
    first, told = site.serving, len(site.heard)
    folder = site.built(shelf.release(account=releases.harmless()))
    second = json.loads((folder / "release.json").read_text())["built_at"]
    done = site.run("deploy", "--release", str(folder))
    print(shown.everything(done))
    assert done.returncode == Exit.DONE
    new = site.serving
    assert new != first
    assert second.startswith(f"{new[:4]}-{new[4:6]}-{new[6:8]}")

    again = site.run("deploy", "--release", str(folder))
    assert again.returncode == Exit.DONE
    assert "nothing to do: it is as wanted" in again.stdout
    assert [each["type"] for each in site.heard[told:]] == ["success"]

    planned = site.typed(mentioned("docs/rolling-back.md", "bluegreen rollback --dry-run"))
    assert (planned.code, site.serving) == (Exit.DONE, new), planned.said
    assert "switch" in planned.said
    kept, began = _of_lane_before(site), time.monotonic()
    going_back = documented("docs/deploying.md", "bluegreen rollback")
    back = site.typed(going_back)
    print(back.said)
    print(f"a rollback took {time.monotonic() - began:.1f} s")
    assert shown.steps(back.said) == shown.steps(going_back.output)
    assert (back.code, site.serving) == (Exit.DONE, first)
    assert kept <= {each["Id"] for each in site.server.containers() if each["State"]["Running"]}
    nothing = site.run("rollback")
    assert nothing.returncode == Exit.REFUSED
    assert "name a version" in nothing.stderr

    forwards = mentioned("docs/rolling-back.md", "bluegreen rollback VERSION")
    forward = site.typed(forwards, {"VERSION": new})
    assert (forward.code, site.serving) == (Exit.DONE, new)
    assert _of_lane_before(site) == kept
    listed = site.typed(documented("docs/down.md", "bluegreen history")).said.splitlines()
    places = {line.split()[0]: line.split()[1] for line in listed}
    assert places[new] == "serves"
    assert [line.split()[0] for line in listed] == sorted(places)
    status = json.loads(site.run("status", "--json").stdout)
    assert status["nginx"] == site.state.live
    assert status["lanes"][site.state.live]["version"] == new
    assert status["lanes"][site.state.live]["ill"] == []
    assert (status["unfinished"], status["lock"]) == (None, "free")
    audited = site.run("audit", "--tail", "400", "--json").stdout.splitlines()
    ended = [json.loads(line) for line in audited]
    assert {each["owner"] for each in ended} == {"tests"}
    assert [each["event"] for each in ended[-2:]] == ["started", "succeeded"]
    told_last = site.typed(mentioned("docs/rolling-back.md", "bluegreen audit")).said.splitlines()
    assert "succeeded" in told_last[-1]
    logs = site.typed(mentioned("docs/rolling-back.md", "bluegreen logs")).said
    assert "account" in logs
    assert "\x1b" not in logs


def _of_lane_before(site: Delivery) -> set[str]:
    """The containers of the lane without traffic."""
    live = site.state.live
    assert live is not None
    project = f"tandem-{live.other}"
    label = "com.docker.compose.project"
    containers = site.server.containers()
    return {each["Id"] for each in containers if each["Config"]["Labels"].get(label) == project}


def test_nobody_goes_back_behind_a_contraction(site: Delivery, shelf: Shelf) -> None:
    before = site.serving
    with site.told(keep='rollback-window = "1s"'), _uncontracted_after(site):
        done = site.deploy(shelf.release(database=releases.contracts()))
        assert done.returncode == Exit.DONE, shown.everything(done)
        contracted = site.typed(mentioned("docs/deploying.md", "bluegreen migrate contract"))
        assert contracted.code == Exit.DONE, contracted.said
        refused = site.run("rollback", before)
    assert refused.returncode == Exit.REFUSED
    assert f"{before} knows the schema up to c" in refused.stderr
    assert "go forward by a new release" in refused.stderr


@contextmanager
def _uncontracted_after(site: Delivery) -> Iterator[None]:
    """That nothing came off is forgotten: other tests deliver releases that do not know of it."""
    before = site.state.database.contract
    try:
        yield
    finally:
        state = site.state
        ran = f"version_num = '{state.database.contract}'"
        forget = f"UPDATE alembic_version SET version_num = '{before}' WHERE {ran}"  # noqa: S608
        if before == "c0000":
            forget = f"DELETE FROM alembic_version WHERE {ran}"  # noqa: S608  # of a revision
        sql(site.servers()["postgres"]["Id"], forget, site.server.engine.environment)
        known = state.database.model_copy(update={"contract": before})
        file = site.server.folder / "state.json"
        file.write_text(state.model_copy(update={"database": known}).render())


def _until_reached(site: Delivery, step: str) -> None:
    end = time.monotonic() + 240
    while site.state.operation is None or site.state.operation.reached != step:
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("ask", ["send_signal", "terminate"])
def test_who_is_interrupted_goes_back(site: Delivery, shelf: Shelf, ask: str) -> None:
    folder = site.built(shelf.release(account=releases.harmless()))
    with watched(site) as load, site.begun("deploy", "--release", str(folder)) as deployer:
        _until_reached(site, "start")
        time.sleep(1)
        deployer.terminate() if ask == "terminate" else deployer.send_signal(2)
        wrote, _ = deployer.communicate(timeout=240)
        report = load.stop()
    print(wrote)
    assert deployer.returncode == Exit.FAILED
    assert re.search(r"error: start \w+ failed: it was interrupted; everything is as befo", wrote)
    assert report.failures == []


def test_one_deploys_at_a_time(site: Delivery, shelf: Shelf) -> None:
    before = site.serving
    folder = site.built(shelf.release(account=releases.harmless()))
    with site.begun("deploy", "--release", str(folder)) as first:
        _until_reached(site, "expand")
        second = site.run("rollback")
        assert second.returncode == Exit.LOCKED
        assert re.search(rf"error: tests \(process {first.pid} on .*deploys here", second.stderr)
        assert f"process {first.pid}" in site.run("lock", "status").stdout
        taken = site.typed(mentioned("docs/rolling-back.md", "bluegreen lock release"))
        assert f"process {first.pid}" in taken.said
        wrote, _ = first.communicate(timeout=240)
    assert first.returncode == Exit.UNFINISHED
    assert "the lock was taken away" in wrote
    status = site.run("status").stdout
    assert re.search(r"unfinished +deploy of .* has reached", status)
    undone = site.run("rollback")
    assert undone.returncode == Exit.DONE, shown.everything(undone)
    assert (site.serving, site.state.operation) == (before, None)


def test_a_full_disk_is_noticed_before_anything_is_touched(site: Delivery, shelf: Shelf) -> None:
    folder = site.built(shelf.release(account=releases.harmless()))
    before = sorted(each.name for each in (site.server.folder / "releases").iterdir())
    with site.told(destination="least-free-bytes = 9000000000000000"), watched(site):
        done = site.run("deploy", "--release", str(folder))
    assert done.returncode == Exit.FAILED
    assert re.search(r"GB are free on the server's disk, and 9000000.0 GB are wanted", done.stderr)
    assert done.stderr.endswith("what runs was not touched\n")
    assert sorted(each.name for each in (site.server.folder / "releases").iterdir()) == before


def test_an_image_that_the_registry_has_not_is_named(site: Delivery, shelf: Shelf) -> None:
    folder = site.built(shelf.release(account=releases.harmless()))
    manifest = json.loads((folder / "release.json").read_text())
    repository, _, _ = manifest["images"]["account"].partition("@")
    manifest["images"]["account"] = f"{repository}@sha256:{'0' * 64}"
    (folder / "release.json").write_text(json.dumps(manifest))
    with watched(site):
        done = site.run("deploy", "--release", str(folder))
    assert done.returncode == Exit.FAILED
    last = done.stderr.splitlines()[-1]
    assert re.search(rf"error: pull failed: {repository} cannot be pulled: .*(unknown|not f)", last)
    assert last.endswith("everything is as before")


def test_what_nobody_goes_back_to_is_pruned(site: Delivery) -> None:
    with site.told(keep="releases = 1"):
        done = site.typed(mentioned("docs/deploying.md", "bluegreen prune"))
    print(done.said)
    assert done.code == Exit.DONE
    state = site.state
    kept = {tenant.release.version: tenant.release for tenant in state.lanes.values()}
    left = {each.name for each in (site.server.folder / "releases").iterdir()}
    newest = max(left)
    assert left <= kept.keys() | {state.previous, newest}
    assert kept.keys() <= left
    listed = ("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}")
    tagged = set(site.server.engine.docker(*listed).split())
    wanted = {image for release in kept.values() for image in release.images.values()}
    assert wanted <= tagged
    assert len([each for each in tagged if "/account@" in each]) <= len(left)
