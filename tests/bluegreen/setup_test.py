"""A bare server to its first release: set up, looked at, delivered to, and kept up to date."""

import json
import shutil
import stat
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from bluegreen.cli.exits import Exit
from tests.support import delivery, releases
from tests.support.applications import APPLICATIONS
from tests.support.delivery import Delivery
from tests.support.releases import Change, Shelf

pytestmark = pytest.mark.timeout(900)  # seconds; a server is set up in the first test

_MAKER = """\
import sys
from pathlib import Path
from infra.compose.make_secrets import make
made = make(Path(sys.argv[1]), sys.argv[2:])
print("\\n".join(f"made {name}" for name in made))
"""


@pytest.fixture(scope="module")
def bare() -> Iterator[Delivery]:
    """A server that nobody has set up."""
    with delivery.ready() as place:
        shutil.rmtree(place.server.folder / "secrets")
        program = place.home / "make.py"
        program.write_text(_MAKER)
        words = [sys.executable, str(program), "{folder}", *APPLICATIONS]
        place.built()
        settings = place.home / "deploy.toml"
        line = f"[build]\nmake-secrets = {json.dumps(words)}"
        settings.write_text(settings.read_text().replace("[build]", line))
        yield place


def test_a_dry_run_of_setup_says_what_it_would_do(bare: Delivery) -> None:
    done = bare.run("setup", "--dry-run")
    assert done.returncode == Exit.DONE, done.stderr
    assert "would be made by" in done.stdout
    assert list(bare.server.folder.iterdir()) == []


def test_doctor_tells_all_that_is_wrong_at_once(bare: Delivery) -> None:
    settings = bare.home / "deploy.toml"
    before = settings.read_text()
    wrong = before.replace('command = ["true"]', 'command = ["no-such-program"]').replace(
        "[destinations.production.environment]",
        "least-free-bytes = 900000000000000\n"
        '[destinations.production.secrets]\nanother = {environment = "NO_SUCH"}\n'
        "[destinations.production.environment]",
    )
    settings.write_text(wrong.replace(bare.registry.host, "127.0.0.1:1"))
    try:
        done = bare.run("doctor", "--json")
    finally:
        settings.write_text(before)
    assert done.returncode == Exit.UNREACHABLE
    told = [json.loads(line) for line in done.stdout.splitlines()]
    problems = [each["name"] for each in told if each.get("verdict") == "problem"]
    assert problems == ["build", "secrets", "registry", "room", "registry there", "secrets there"]
    assert told[-1]["type"] == "failure"


def test_a_bare_server_is_set_up_and_takes_its_first_release(bare: Delivery) -> None:
    done = bare.run("setup")
    assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
    folder = bare.server.folder / "secrets"
    values = {file.name: file.read_text().strip() for file in folder.iterdir()}
    assert "postgres_tandem_app_password" in values
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o444}

    again = bare.run("setup")
    assert again.returncode == Exit.DONE, again.stderr
    assert "and as the settings say" in again.stdout
    assert values == {file.name: file.read_text().strip() for file in folder.iterdir()}

    first = bare.deploy()
    assert first.returncode == Exit.DONE, f"{first.stdout}\n{first.stderr}"
    assert bare.state.live == "blue"
    well = bare.run("doctor")
    assert well.returncode == Exit.DONE, f"{well.stdout}\n{well.stderr}"
    assert "in the way of a deploy: none" in well.stdout

    log = (bare.server.folder / "audit.jsonl").read_text()
    written = [log, *(each.stdout + each.stderr for each in (done, again, first, well))]
    assert not [name for name, value in values.items() if any(value in text for text in written)]


def test_servers_are_brought_to_the_release_that_serves(bare: Delivery, shelf: Shelf) -> None:
    assert "nothing to do" in bare.run("servers").stdout
    done = bare.deploy(shelf.release(nginx=releases.harmless()))
    assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
    assert "nginx: not the images of the release that serves" in bare.run("status").stdout

    planned = bare.run("servers", "--dry-run")
    assert planned.returncode == Exit.DONE, planned.stderr
    assert "nginx runs another image" in planned.stdout
    assert "kafka" not in planned.stdout

    before = {name: each["Id"] for name, each in _servers(bare).items()}
    brought = bare.run("servers")
    assert brought.returncode == Exit.DONE, f"{brought.stdout}\n{brought.stderr}"
    after = _servers(bare)
    assert [name for name in before if after[name]["Id"] != before[name]] == ["nginx"]
    serving = bare.state.serving
    assert serving is not None
    assert after["nginx"]["Config"]["Image"] == serving.images["nginx"]

    assert httpx.get(f"{bare.url}/sign-in").status_code == HTTPStatus.OK
    seen = json.loads(bare.run("status", "--json").stdout)
    assert (seen["nginx"], seen["servers"]) == (bare.state.live, [])
    assert "servers" in bare.heard[-1]["title"]
    assert "servers                succeeded" in bare.run("audit").stdout


def test_servers_that_do_not_start_are_put_back(bare: Delivery, shelf: Shelf) -> None:
    ends = Change(lines=('ENTRYPOINT ["/bin/false"]',))
    done = bare.deploy(shelf.release(nginx=ends))
    assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
    before = _servers(bare)["nginx"]["Config"]["Image"]

    failed = bare.run("servers")
    assert failed.returncode == Exit.FAILED, f"{failed.stdout}\n{failed.stderr}"
    assert "they run as before" in failed.stderr
    assert _servers(bare)["nginx"]["Config"]["Image"] == before
    assert httpx.get(f"{bare.url}/sign-in").status_code == HTTPStatus.OK
    assert "FAILED" in bare.heard[-1]["title"]
    assert json.loads(bare.run("status", "--json").stdout)["servers"] == ["nginx"]


def _servers(bare: Delivery) -> dict[str, dict[str, Any]]:
    """The containers of what belongs to no lane, by their services."""
    project, service = "com.docker.compose.project", "com.docker.compose.service"
    labelled = [(each["Config"]["Labels"], each) for each in bare.server.containers()]
    return {labels[service]: each for labels, each in labelled if labels[project] == "tandem"}
