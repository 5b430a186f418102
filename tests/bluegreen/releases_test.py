"""The releases that the deployer is tested with do what they promise."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import docker, releases
from tests.support.docker import DockerError, Lanes, Stack, run
from tests.support.releases import Change, Migration, Shelf
from tests.support.sql import locked, sql

pytestmark = pytest.mark.timeout(600)  # seconds; a server is set up in the first test

PATIENCE = 60.0
ASK = """\
import time, urllib.request, urllib.error
began = time.monotonic()
try:
    status = urllib.request.urlopen("http://127.0.0.1:8080{path}", timeout=10).status
except urllib.error.HTTPError as error:
    status = error.code
print(status, time.monotonic() - began)
"""
QUICKLY = ("migrate", "expand", "--attempts", "2")


@pytest.fixture(scope="module")
def lanes() -> Iterator[Lanes]:
    with docker.lanes() as both:
        both.servers.up()
        for task in ("database-prepare", "database-migrate", "identity-keys", "static"):
            both.green.run(task)
        for task in ("kafka-topics", "kafka-access"):
            both.green.run(task)
        yield both


def of(stack: Stack, tag: str) -> Stack:
    told = {**stack.environment, "TANDEM_VERSION": tag}
    return Stack(stack.folder, stack.name, stack.url, told, stack.files)


@contextmanager
def account(lanes: Lanes, shelf: Shelf, change: Change) -> Iterator[Stack]:
    """account alone, of a release in the green lane."""
    lane = of(lanes.green, shelf.release(account=change))
    try:
        lane.up("account")
        yield lane
    finally:
        lane.compose("rm", "--stop", "--force", timeout=60)


def ask(lane: Stack, path: str) -> tuple[int, float]:
    said = lane.exec("account", "/app/bin/python", "-c", ASK.format(path=path))
    assert said.returncode == 0, said.stderr
    status, seconds = said.stdout.split()
    return int(status), float(seconds)


def expand(lanes: Lanes, shelf: Shelf, change: Migration) -> str:
    return of(lanes.green, shelf.release(database=change)).run("database-migrate", *QUICKLY)


def postgres(lanes: Lanes) -> str:
    name: str = lanes.servers.container("postgres")["Id"]
    return name


def columns(lanes: Lanes) -> set[str]:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts'"
    return set(sql(postgres(lanes), query).split())


def test_what_is_not_changed_keeps_its_image_and_what_is_gets_another(shelf: Shelf) -> None:
    def facts(tag: str, name: str) -> tuple[str, str]:
        [image] = json.loads(run(["docker", "image", "inspect", f"tandem/{name}:{tag}"]).stdout)
        return image["Id"], image["Config"]["Labels"]["tandem.fingerprint"]

    first, second = (shelf.release(account=releases.harmless()) for _ in range(2))
    for name in releases.IMAGES:
        ids, fingerprints = zip(*(facts(tag, name) for tag in ("dev", first, second)), strict=True)
        different = 3 if name == "account" else 1
        assert (len(set(ids)), len(set(fingerprints))) == (different, different)


def test_a_harmless_change_serves(lanes: Lanes, shelf: Shelf) -> None:
    with account(lanes, shelf, releases.harmless()) as lane:
        assert ask(lane, "/sign-in")[0] == 200


def test_one_that_does_not_start_says_why(lanes: Lanes, shelf: Shelf) -> None:
    said = pytest.raises(DockerError, match="no, thanks")
    with said, account(lanes, shelf, releases.ends_at_start("no, thanks")):
        pass
    tag = shelf.release(account=releases.ends_at_start("no, thanks"))
    done = run(["docker", "run", "--rm", f"tandem/account:{tag}"], check=False)
    assert done.stderr == "no, thanks\n"
    assert done.returncode == 1
    assert (
        "/srv/x"
        in run(
            [
                "docker",
                "run",
                "--rm",
                "--tmpfs=/srv/x:mode=1777",
                f"tandem/account:{tag}",
                "static",
                "/srv/x",
            ]
        ).stdout
    )


def test_one_that_fails_is_healthy_and_answers_500(lanes: Lanes, shelf: Shelf) -> None:
    with account(lanes, shelf, releases.fails()) as lane:
        assert ask(lane, "/healthz")[0] == 200
        assert ask(lane, "/sign-in")[0] == 500


def test_one_that_is_slow_is_healthy_and_takes_its_time(lanes: Lanes, shelf: Shelf) -> None:
    with account(lanes, shelf, releases.slow(1.5)) as lane:
        # A busy machine may be as slow for once.
        assert min(ask(lane, "/healthz")[1] for _ in range(3)) < 1.5
        status, seconds = ask(lane, "/sign-in")
        assert status == 200
        assert seconds >= 1.5


def test_one_that_leaks_serves_until_it_is_killed(lanes: Lanes, shelf: Shelf) -> None:
    with account(lanes, shelf, releases.leaks(16)) as lane:
        began = lane.container("account")
        assert ask(lane, "/sign-in")[0] == 200
        deadline, served = time.monotonic() + PATIENCE, 1
        while lane.container("account")["RestartCount"] == 0:
            assert time.monotonic() < deadline
            lane.exec("account", "/app/bin/python", "-c", ASK.format(path="/sign-in"))
            served += 1
        print(f"killed after {served} requests")
        now = lane.container("account")
        assert now["Id"] == began["Id"]
        assert now["State"]["StartedAt"] > began["State"]["StartedAt"]


def test_an_expansion_that_fails_changes_nothing(lanes: Lanes, shelf: Shelf) -> None:
    before = columns(lanes)
    assert "email" in before
    with pytest.raises(DockerError, match=r"ended with 1:[\s\S]*division by zero"):
        expand(lanes, shelf, releases.fails_to_expand())
    assert columns(lanes) == before


def test_an_expansion_waits_for_a_lock_no_longer_than_it_may(lanes: Lanes, shelf: Shelf) -> None:
    held = locked(postgres(lanes), "accounts")
    with held, pytest.raises(DockerError, match=r"ended with 75:[\s\S]*lock timeout"):
        expand(lanes, shelf, releases.needs_a_table())
    assert "remark" not in columns(lanes)


def test_a_harmless_expansion_is_done(lanes: Lanes, shelf: Shelf) -> None:
    assert re.search(r"e\d{4}: done", expand(lanes, shelf, releases.adds_a_column()))
    assert "note" in columns(lanes)
