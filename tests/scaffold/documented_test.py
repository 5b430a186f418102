"""Commands of the docs that want a checkout and no server, as the pages have them."""

import os
import re
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from bluegreen.state import State
from bluegreen.testing import bundle
from ci.git import Git
from local.port_block import RememberedPort
from services.database.cli import Exit
from tests.build.checkout import Checkout
from tests.docs.commands import Command, documented, mentioned
from tests.local.ports import free_block
from tests.local.running import page

pytestmark = pytest.mark.timeout(600)  # seconds; the first test has Pants start

_SECONDS = 300.0
_CHANGED = "src/python/services/account/clients_test.py"


def said(checkout: Checkout, command: Command) -> str:
    """What it says; it must succeed."""
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code == 0, done.said
    return done.said


def begun(checkout: Checkout, command: Command) -> AbstractContextManager[subprocess.Popen[str]]:
    """Something that runs until it is ended."""
    return command.begun(folder=checkout.root, environment=checkout.environment)


def test_a_service_of_a_name_that_will_not_do_is_refused_with_another(checkout: Checkout) -> None:
    command = documented("docs/adding-a-service.md", "./pants run :new-service -- order")
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code == 1
    assert command.output in done.said


def test_a_room_is_tested_and_checked(checkout: Checkout) -> None:
    tested = said(checkout, documented("docs/first-hour.md", "./pants test src"))
    assert re.search(r"✓ src/python/services/account/.* succeeded in", tested)
    checked = said(checkout, documented("docs/first-hour.md", "./pants fmt lint check"))
    assert "mypy succeeded" in checked


def test_what_a_change_can_have_affected_is_tested_and_no_more(checkout: Checkout) -> None:
    before = (checkout.root / _CHANGED).read_text()
    with checkout.file(_CHANGED, f"{before}\n"):
        command = documented("docs/first-hour.md", "./pants --changed-since=HEAD")
        tested = said(checkout, command)
    assert tested.count(":tests succeeded") == 1
    assert f"{_CHANGED}:tests succeeded" in tested


def test_the_deployer_says_what_it_can_what_holds_and_what_it_would_do(checkout: Checkout) -> None:
    helped = said(checkout, documented("docs/bluegreen.md", "--help"))
    assert "rollback" in helped
    settings = said(checkout, documented("docs/bluegreen.md", "-d production config"))
    assert "www.example.com" in settings

    bundle(1).write(checkout.root / "release")
    (checkout.root / "state.json").write_text(State().render())
    try:
        planned = said(checkout, documented("docs/bluegreen.md", "-d production plan"))
    finally:
        Git(checkout.root).run("clean", "--quiet", "--force", "-d", "release", "state.json")
    assert "14 steps" in planned


def test_the_checkout_is_formatted_and_mended(checkout: Checkout) -> None:
    untidy = (checkout.root / _CHANGED).read_text().replace("def test_", "def  test_")
    for command in (
        mentioned("CONTRIBUTING.md", "./pants fmt ::"),
        mentioned("CONTRIBUTING.md", "./pants fix ::"),
    ):
        with checkout.file(_CHANGED, untidy):
            said(checkout, command)
            assert "def  test_" not in (checkout.root / _CHANGED).read_text()


def test_what_a_branch_can_have_affected_is_tested(checkout: Checkout) -> None:
    """In a clone that knows `develop` by its remote alone, as one does that begins on a branch."""
    Git(checkout.root).run("update-ref", "refs/remotes/origin/develop", "HEAD")
    Git(checkout.root).run("branch", "--move", "develop", "work")
    before = (checkout.root / _CHANGED).read_text()
    command = mentioned("CONTRIBUTING.md", "--changed-since=origin/develop")
    try:
        with checkout.file(_CHANGED, f"{before}\n"):
            tested = said(checkout, command)
    finally:
        Git(checkout.root).run("branch", "--move", "work", "develop")
    assert f"{_CHANGED}:tests succeeded" in tested


def test_the_deployer_comes_as_one_file(checkout: Checkout) -> None:
    said(checkout, mentioned("docs/rolling-back.md", "./pants package :bluegreen"))
    assert (checkout.root / "dist/bluegreen.pex").is_file()


def test_a_machine_is_told_what_it_lacks_for_which_command(checkout: Checkout) -> None:
    looking = mentioned("CONTRIBUTING.md", "./pants run :doctor")
    done = looking.run(folder=checkout.root, environment=checkout.environment, timeout=_SECONDS)
    assert done.code in {0, 1}
    assert "./pants test ::" in done.said


@pytest.mark.parametrize(
    "command",
    [
        mentioned("docs/continuous-integration.md", "ci:reach"),
        mentioned("CONTRIBUTING.md", "lock.py"),
    ],
)
def test_what_takes_many_minutes_begins_and_says_how_it_is_run(
    checkout: Checkout, command: Command
) -> None:
    """One measures a dozen changes; one asks the package index for everything."""
    assert "usage" in said(checkout, replace(command, text=f"{command.text} -- --help"))


def test_one_world_is_simulated(checkout: Checkout) -> None:
    command = mentioned("docs/simulation.md", "__main__.py -- --seed 42")
    assert "200 calls in 1 worlds" in said(checkout, command)


def test_the_local_system_begins_anew_and_says_what_it_can(checkout: Checkout) -> None:
    helped = said(checkout, mentioned("docs/running-locally.md", "./pants run :local -- --help"))
    assert "--reset" in helped
    ports = free_block()
    state = checkout.root / ".local"
    state.mkdir(exist_ok=True)
    RememberedPort(state / "port").save(ports.base)
    with begun(checkout, mentioned("docs/troubleshooting.md", "--reset")) as process:
        assert process.stdout is not None
        assert any("ready in" in line for line in process.stdout)
        assert "<html" in page(ports.nginx)
        keys = said(checkout, documented("docs/calling.md", '--bootstrap "$BROKER"'))
        assert "EdDSA" in keys
        looking = documented("docs/migrations.md", "./pants run src/python/services/database")
        place = {"127.0.0.1:8085": f"127.0.0.1:{ports.postgres}"}
        where = looking.run(
            folder=checkout.root,
            environment=checkout.environment,
            instead=place,
            timeout=_SECONDS,
        )
        assert where.code == Exit.CONTRACT_PENDING, where.said
        assert re.search(r"expand .* up to date", where.said)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(_SECONDS) == 0


def test_a_fresh_clone_has_the_commands_of_migrations(checkout: Checkout) -> None:
    heads = said(checkout, mentioned("docs/migrations.md", "__main__.py -- migrate heads"))
    assert re.search(r"expand +head e0", heads)
    said(checkout, mentioned("docs/migrations.md", "__main__.py -- migrate check"))


def test_the_site_of_these_pages_is_shown(checkout: Checkout) -> None:
    with begun(checkout, mentioned("CONTRIBUTING.md", "./pants run :docs -- serve")) as process:
        assert process.stdout is not None
        assert any("8000" in line for line in process.stdout)
        end = time.monotonic() + _SECONDS
        while "Tandem" not in page(8000):  # it answers before pages are built
            assert time.monotonic() < end
            time.sleep(0.5)


def test_pants_starts_again_where_its_daemon_was_ended(checkout: Checkout) -> None:
    ending = mentioned("docs/troubleshooting.md", "kill $(cat")
    done = ending.run(folder=checkout.root, environment=checkout.environment)
    assert done.code == 0, done.said
    assert checkout.pants("list", "//:local").returncode == 0
