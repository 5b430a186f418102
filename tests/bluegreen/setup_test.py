"""A bare server to its first release: set up, looked at, delivered to, and kept up to date."""

import json
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bluegreen.cli.exits import Exit
from tests.bluegreen import shown
from tests.docs.commands import documented
from tests.support import chromium, delivery, releases, tls_proxy
from tests.support.applications import APPLICATIONS
from tests.support.certificates import Authority
from tests.support.chromium import visiting
from tests.support.delivery import Delivery
from tests.support.ports import free_port
from tests.support.releases import Change, Shelf
from tests.support.tls_proxy import TlsProxy
from tests.system.people import Person

pytestmark = pytest.mark.timeout(900)  # seconds; a server is set up in the first test

AT_ONCE = 10_000  # milliseconds; a stream that is held up has a sign of life each 15 s
PATIENCE = 20.0

_MAKER = """\
import sys
from pathlib import Path
from infra.compose.make_secrets import make
made = make(Path(sys.argv[1]), sys.argv[2:])
print("\\n".join(f"made {name}" for name in made))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as launched:
        yield launched


@pytest.fixture(scope="module")
def proxy(bare: Delivery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsProxy]:
    """What ends TLS before the site, as people know it."""
    folder = tmp_path_factory.mktemp("proxy")
    port, authority = int(bare.public_url.rpartition(":")[2]), Authority(folder / "authority")
    with tls_proxy.running(folder, port, bare.url, authority) as running:
        yield running


@pytest.fixture(scope="module")
def bare() -> Iterator[Delivery]:
    """A server that nobody has set up."""
    with delivery.ready() as place:
        place.public_url = f"https://127.0.0.1:{free_port()}"
        shutil.rmtree(place.server.folder / "secrets")
        place.built()
        _has_maker(place)
        yield place


def _has_maker(place: Delivery) -> None:
    """Have the settings make secrets, as those of this repository do."""
    program, settings = place.home / "make.py", place.home / "deploy.toml"
    program.write_text(_MAKER)
    words = [sys.executable, str(program), "{folder}", *APPLICATIONS]
    line = f"[build]\nmake-secrets = {json.dumps(words)}"
    settings.write_text(settings.read_text().replace("[build]", line))


def test_a_dry_run_of_setup_says_what_it_would_do(bare: Delivery) -> None:
    done = bare.typed(documented("docs/deploying.md", "bluegreen setup --dry-run"))
    assert done.code == Exit.DONE, done.said
    assert "would be made by" in done.said
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


def test_a_server_that_nobody_has_set_up_is_told_of(bare: Delivery) -> None:
    command = documented("docs/deploying.md", "bluegreen doctor")
    done = bare.typed(command)
    assert done.code == Exit.UNREACHABLE, done.said
    assert shown.findings(done.said) == shown.findings(command.output)
    assert done.said.splitlines()[-1] == command.output.splitlines()[-1]


def test_a_bare_server_is_set_up_and_takes_its_first_release(bare: Delivery) -> None:
    setting_up = documented("docs/deploying.md", "bluegreen setup")
    done = bare.typed(setting_up)
    assert done.code == Exit.DONE, done.said
    assert shown.findings(done.said) == shown.findings(setting_up.output)
    folder = bare.server.folder / "secrets"
    values = {file.name: file.read_text().strip() for file in folder.iterdir()}
    assert "postgres_tandem_app_password" in values
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o444}

    again = bare.run("setup", "--verbose")
    assert again.returncode == Exit.DONE, again.stderr
    assert "and as the settings say" in again.stdout
    assert values == {file.name: file.read_text().strip() for file in folder.iterdir()}

    built = bare.typed(documented("docs/deploying.md", "bluegreen build"))
    assert built.code == Exit.DONE, built.said
    planned = bare.typed(documented("docs/deploying.md", "release --dry-run"))
    assert planned.code == Exit.DONE, planned.said
    assert bare.server.containers() == []
    deploying = documented("docs/deploying.md", "bluegreen deploy --release release")
    first = bare.typed(deploying)
    assert first.code == Exit.DONE, first.said
    assert shown.steps(first.said) == shown.steps(deploying.output)
    assert bare.state.live == "blue"
    well = bare.run("doctor", "--verbose")
    assert well.returncode == Exit.DONE, f"{well.stdout}\n{well.stderr}"
    assert "in the way of a deploy: none" in well.stdout

    log = (bare.server.folder / "audit.jsonl").read_text()
    written = [log, *(each.said for each in (done, built, planned, first))]
    written += [each.stdout + each.stderr for each in (again, well)]
    assert not [name for name, value in values.items() if any(value in text for text in written)]


def test_people_come_by_the_proxy_that_the_page_shows(
    bare: Delivery, proxy: TlsProxy, browser: Browser
) -> None:
    sent = httpx.get(f"{proxy.plain_url}/sign-in?next=%2F")
    assert sent.headers["location"] == "https://www.example.com/sign-in?next=%2F"
    person = Person("Ada Lovelace")
    with (
        visiting(browser, proxy.url, any_certificate=True) as here,
        visiting(browser, proxy.url, any_certificate=True) as elsewhere,
    ):
        person.sign_up(here)
        cookies = here.page.context.cookies()
        assert {(each["secure"], each["name"].startswith("__Host-")) for each in cookies} == {
            (True, True)
        }
        here.page.goto("/account")
        sessions = here.page.locator("li .row-title", has_text="Signed in")
        expect(sessions).to_have_count(1)
        person.sign_in(elsewhere)
        expect(sessions).to_have_count(2, timeout=AT_ONCE)
        assert (here.complaints, elsewhere.complaints) == ([], [])
    with httpx.Client(
        transport=httpx.HTTPTransport(local_address="127.0.0.9", verify=False)
    ) as another:
        assert another.get(f"{proxy.url}/sign-in").status_code == HTTPStatus.OK
    # nginx writes of a request after it answered, and Docker passes that on.
    deadline = time.monotonic() + PATIENCE
    while '"client":"127.0.0.9"' not in bare.server.engine.docker("logs", "tandem-nginx-1"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_servers_are_brought_to_the_release_that_serves(bare: Delivery, shelf: Shelf) -> None:
    assert "nothing to do" in bare.run("servers").stdout
    done = bare.deploy(shelf.release(nginx=releases.harmless()), "--verbose")
    assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
    assert re.search(rf"\] {bare.server.address}: .* docker compose .* up ", done.stderr)
    values = [file.read_text().strip() for file in (bare.server.folder / "secrets").iterdir()]
    assert not [value for value in values if value in done.stdout + done.stderr]
    looking = documented("docs/deploying.md", "bluegreen status")
    looked = bare.typed(looking)
    assert looked.code == Exit.DONE, looked.said
    told = shown.labels(looked.said)
    assert [each for each in shown.labels(looking.output) if each not in told] == []
    assert "servers     nginx runs another image; see `servers`" in looked.said

    planning = documented("docs/deploying.md", "bluegreen servers --dry-run")
    planned = bare.typed(planning)
    assert planned.code == Exit.DONE, planned.said
    assert planning.output in planned.said
    assert "kafka runs another" not in planned.said
    assert "--project-directory" in planned.said

    before = {name: each["Id"] for name, each in bare.servers().items()}
    bringing = documented("docs/deploying.md", "bluegreen servers")
    brought = bare.typed(bringing)
    assert brought.code == Exit.DONE, brought.said
    assert shown.labels(brought.said) == shown.labels(bringing.output)
    after = bare.servers()
    assert [name for name in before if after[name]["Id"] != before[name]] == ["nginx"]
    serving = bare.state.serving
    assert serving is not None
    assert after["nginx"]["Config"]["Image"] == serving.images["nginx"]

    assert httpx.get(f"{bare.url}/sign-in").status_code == HTTPStatus.OK
    seen = json.loads(bare.run("status", "--json").stdout)
    assert (seen["nginx"], seen["servers"]) == (bare.state.live, {})
    assert "servers" in bare.heard[-1]["title"]
    assert "servers                succeeded" in bare.run("audit").stdout


def test_a_server_that_was_stopped_is_said_to_be_and_is_started(bare: Delivery) -> None:
    bare.server.engine.docker("stop", "tandem-postgres-1")
    assert "servers     postgres does not run; see `servers`" in bare.run("status").stdout
    brought = bare.run("servers")
    assert brought.returncode == Exit.DONE, f"{brought.stdout}\n{brought.stderr}"
    assert bare.servers()["postgres"]["State"]["Health"]["Status"] == "healthy"
    assert "nothing to do" in bare.run("servers").stdout


def test_servers_that_do_not_start_are_put_back(bare: Delivery, shelf: Shelf) -> None:
    ends = Change(lines=('ENTRYPOINT ["/bin/false"]',))
    done = bare.deploy(shelf.release(nginx=ends))
    assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
    before = bare.servers()["nginx"]["Config"]["Image"]

    failed = bare.run("servers")
    assert failed.returncode == Exit.FAILED, f"{failed.stdout}\n{failed.stderr}"
    assert "they run as before" in failed.stderr
    assert bare.servers()["nginx"]["Config"]["Image"] == before
    assert httpx.get(f"{bare.url}/sign-in").status_code == HTTPStatus.OK
    assert "FAILED" in bare.heard[-1]["title"]
    assert json.loads(bare.run("status", "--json").stdout)["servers"] == {
        "nginx": "runs another image"
    }


@pytest.mark.night
def test_new_passwords_of_the_database_reach_it_and_the_services(
    bare: Delivery, shelf: Shelf
) -> None:
    folder = bare.built(shelf.release(account=releases.harmless()))
    assert bare.run("deploy", "--release", str(folder)).returncode == Exit.DONE
    before, given = bare.state, ["[destinations.production.secrets]"]
    for role in ("app", "owner"):
        (bare.home / role).write_text(secrets.token_hex(24))
        given.append(f'postgres_tandem_{role}_password = {{command = ["cat", "{role}"]}}')
    with bare.told(destination="\n".join(given)):
        _has_maker(bare)
        done = bare.run("setup")
        assert done.returncode == Exit.DONE, f"{done.stdout}\n{done.stderr}"
        assert "changed: postgres_tandem_app_password" in done.stdout
        again = bare.run("deploy", "--release", str(folder))
    assert again.returncode == Exit.DONE, f"{again.stdout}\n{again.stderr}"
    assert "tandem_database_owner_url, tandem_database_url changed since" in again.stdout
    after = bare.state
    assert (after.live, after.previous) == (before.live and before.live.other, before.previous)
    assert "nothing to do" in bare.run("deploy", "--release", str(folder)).stdout
