"""From a branch to production by the workflows themselves: a release, a new service, and back."""

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from bluegreen.release import Release
from bluegreen.state import State
from tests.build.checkout import Checkout
from tests.support import docker, site_load
from tests.support.applications import APPLICATIONS
from tests.support.delivery import listening
from tests.support.docker import run
from tests.support.ports import free_network, free_port
from tests.support.production import Production, production
from tests.support.registry import PASSWORD, USER, Registry, registry
from tests.support.site_load import Mix
from tests.support.site_report import Report
from tests.support.sql import sql
from tests.support.workflows import ACTOR, RUN_ID, Ran, Runner

pytestmark = [
    pytest.mark.night,
    pytest.mark.timeout(1500),  # seconds; images are built in the first test
]

LIGHT = Mix(people=2, pages=1.0, starts=4.0, edits=0.2, visits=0.0)
SERVICE = "orders"
TITLE = "Tea for Ada"
EMPTY = "There is nothing yet."
ORDER = """\
INSERT INTO orders (id, title) VALUES ('019ad1a0-0000-7000-8000-000000000001', 'Tea for Ada')
"""
WHO = ("-c", "user.name=Anna", "-c", "user.email=anna@example.com", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Repository:
    """The bare repository that all push to, and somebody's clone of it."""

    bare: Path
    clone: Path

    def git(self, *arguments: str) -> str:
        """Run git in the clone; what it printed."""
        return run(["git", "-C", str(self.clone), *WHO, *arguments]).stdout.strip()

    def commit(self, branch: str, message: str) -> None:
        """Commit all that there is to a branch, and push it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        self.git("push", "--quiet", "origin", f"HEAD:{branch}")

    def merge(self, branch: str, into: str) -> None:
        """Merge a branch into another one, and push that."""
        self.git("checkout", "--quiet", into)
        self.git("merge", "--quiet", "--no-ff", f"--message=Merge {branch} into {into}", branch)
        self.git("push", "--quiet", "origin", into)


@dataclass(frozen=True)
class Lab:
    """Everything that a delivery meets.

    Attributes:
        repository: What is pushed to.
        runner: What a push starts.
        server: Where releases go.
        images: How they get there.
        url: Where nginx answers.
        heard: What those were told who are to be notified.
        tag: Of the images of this machine.
    """

    repository: Repository
    runner: Runner
    server: Production
    images: Registry
    url: str
    heard: Sequence[dict[str, Any]]
    tag: str

    @property
    def state(self) -> State:
        """What the server remembers."""
        file = self.server.folder / "state.json"
        return State.parse(file.read_text(), str(file))

    @property
    def serving(self) -> Release:
        """The release that has the traffic."""
        serving = self.state.serving
        assert serving is not None
        return serving

    def get(self, path: str) -> httpx.Response:
        """What nginx answers at its public port."""
        return httpx.get(f"{self.url}{path}", timeout=10)


@contextmanager
def repository(folder: Path) -> Iterator[Repository]:
    """One whose branch `develop` is at the commit of the checkout."""
    bare, clone = folder / "origin.git", folder / "developer"
    run(["git", "init", "--quiet", "--bare", "--initial-branch=develop", str(bare)])
    # The checkout may be one without history.
    run(["git", "-C", str(bare), "config", "receive.shallowUpdate", "true"])
    push = ["push", "--quiet", str(bare), "HEAD:refs/heads/develop"]
    run(["git", "-C", str(docker.checkout()), *push])
    run(["git", "clone", "--quiet", str(bare), str(clone)])
    try:
        yield Repository(bare, clone)
    finally:
        Checkout(clone).stop_pants()


def settle(one: Repository, server: Production, images: Registry, url: str, tag: str) -> None:
    """Commit what a team writes into its copy: where its server and registry are, and its host key.

    Images get a tag of this test's own: other suites use those of the checkout.
    """
    network = free_network()
    port = url.rpartition(":")[2]
    changes = {
        "deploy.toml": {
            "registry.example.com/tandem": f"{images.host}/tandem",
            '"deployer"': f'"{USER}"',
            "[build]\n": f'[build]\nimages = "tandem/{{name}}:{tag}"\n',
            "deploy@www.example.com": server.address,
            "known-hosts =": f'folder = "{server.folder}"\nknown-hosts =',
            '"https://www.example.com"': f'"{url}"',
            'TANDEM_ADDRESS = "10.0.0.5"': f'TANDEM_EDGE_SUBNET = "{network}"',
            "8080": port,
            "10.0.0.0/24": network,
            "[destinations.production]": "[watch]\nseconds = 5\ninterval = 1\nfast-enough = 20\n\n"
            "[destinations.production]",
        },
        "build-support/macros.py": {'["dev"]': f'["{tag}"]'},
    }
    known_hosts = one.clone / "deploy/known_hosts"
    known_hosts.parent.mkdir()
    known_hosts.write_text(server.known_hosts.read_text())
    for name, replaced in changes.items():
        file = one.clone / name
        text = file.read_text()
        for before, after in replaced.items():
            assert before in text, f"{name} has no {before}"
            text = text.replace(before, after)
        file.write_text(text)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A bare server, a registry that asks for a password, and a repository with their addresses."""
    docker.needed()
    folder, tag = tmp_path_factory.mktemp("pipeline"), f"pipeline-{secrets.token_hex(4)}"
    with ExitStack() as stack:
        images = stack.enter_context(registry(login=True))
        server = stack.enter_context(production())
        notify, heard = stack.enter_context(listening())
        one = stack.enter_context(repository(folder))
        url = f"http://127.0.0.1:{free_port()}"
        settle(one, server, images, url, tag)
        stack.callback(remove_images, tag)
        home = folder / "runner"
        home.mkdir()
        known = {
            "TANDEM_DEPLOY_KEY": server.key,
            "TANDEM_REGISTRY_PASSWORD": PASSWORD,
            "TANDEM_NOTIFY_URL": notify,
        }
        runner = Runner(one.bare, home, known)
        stack.callback(runner.close)
        yield Lab(one, runner, server, images, url, heard, tag)


def remove_images(tag: str) -> None:
    names = run(["docker", "images", "--format={{.Repository}}:{{.Tag}}"]).stdout.split()
    made = [name for name in names if name.endswith(f":{tag}")]
    run(["docker", "rmi", *made])


@dataclass(frozen=True)
class Delivered:
    """A run of a workflow, and what came of it."""

    ran: Ran
    release: Release
    live: str
    report: Report
    pushed: Sequence[str]
    heard: Sequence[str]


def delivered(lab: Lab, workflow: str, *, loaded: bool) -> Delivered:
    """Run a workflow of PROM while people use the site, or with their coming after it."""
    pushed, heard = len(lab.images.pushed()), len(lab.heard)
    with ExitStack() as stack:
        load = stack.enter_context(site_load.running(lab.url, LIGHT)) if loaded else None
        ran = lab.runner.run(workflow, "PROM", {"version": ""})
        assert ran.code == 0, ran.output
        print(ran.output)
        load = load or stack.enter_context(site_load.running(lab.url, LIGHT))
        time.sleep(2)
        report = load.stop()
    live = lab.state.live
    assert live is not None
    names = [name.removeprefix("tandem/") for name in lab.images.pushed()[pushed:]]
    told = [each["message"] for each in lab.heard[heard:]]
    return Delivered(ran, lab.serving, live, report, names, told)


@pytest.fixture(scope="module")
def first(lab: Lab) -> Delivered:
    """What the first push to PROM brings."""
    lab.repository.commit("develop", "Say where production is")
    lab.repository.git("push", "--quiet", "origin", "develop:PROM")
    lab.repository.git("branch", "PROM")
    return delivered(lab, "cd.yml", loaded=False)


@pytest.fixture(scope="module")
def checked(lab: Lab, first: Delivered) -> Ran:
    """What is said of a branch with a new service."""
    assert first.ran.code == 0
    one = lab.repository
    one.git("checkout", "--quiet", "-b", SERVICE, "develop")
    said = Checkout(one.clone).pants("run", ":new-service", "--", SERVICE, "--web", "--data")
    assert said.returncode == 0, said.stdout
    one.commit(SERVICE, f"Take {SERVICE}")
    # Tests are left to those of ci: what names all services reaches all of them.
    return lab.runner.run("ci.yml", SERVICE, more=["--no-test"])


@pytest.fixture(scope="module")
def grown(lab: Lab, checked: Ran) -> Delivered:
    """What comes of its merge into develop, and of develop's into PROM."""
    assert checked.code == 0, checked.output
    lab.repository.merge(SERVICE, into="develop")
    lab.repository.merge("develop", into="PROM")
    return delivered(lab, "cd.yml", loaded=True)


@pytest.fixture(scope="module")
def pages(lab: Lab, grown: Delivered) -> Sequence[httpx.Response]:
    """The new service's page, before a row is in its table and after."""
    assert grown.ran.code == 0
    before = lab.get(f"/{SERVICE}")
    of_database(lab, ORDER)
    return (before, lab.get(f"/{SERVICE}"))


def of_database(lab: Lab, query: str) -> str:
    return sql("tandem-postgres-1", query, lab.server.engine.environment)


@pytest.fixture(scope="module")
def back(lab: Lab, pages: Sequence[httpx.Response]) -> Delivered:
    """What comes of the rollback by hand."""
    assert pages
    return delivered(lab, "rollback.yml", loaded=True)


def test_a_first_push_to_prom_makes_a_bare_server_serve(lab: Lab, first: Delivered) -> None:
    assert first.release.revision == lab.repository.git("rev-parse", "origin/develop")
    assert sorted(first.pushed) == sorted(first.release.images)
    assert first.report.failures == []
    assert first.report.writes.lost == []
    assert lab.get(f"/{SERVICE}").status_code == HTTPStatus.NOT_FOUND


def test_a_branch_with_a_new_service_merges_into_develop(checked: Ran) -> None:
    assert checked.code == 0, checked.output
    assert "no conflict" in checked.output


def test_a_new_service_answers_at_the_public_port_from_the_other_lane(
    lab: Lab, first: Delivered, grown: Delivered, pages: Sequence[httpx.Response]
) -> None:
    assert [page.status_code for page in pages] == [HTTPStatus.OK] * 2
    style = re.search(r'rel="stylesheet" href="([^"]*)"', pages[0].text)
    assert style is not None
    assert lab.get(style[1]).status_code == HTTPStatus.OK
    assert grown.live != first.live
    assert {SERVICE} <= grown.release.images.keys()


def test_rows_of_a_new_table_are_shown_and_outlive_the_release(
    lab: Lab, pages: Sequence[httpx.Response], grown: Delivered, back: Delivered
) -> None:
    before, after = (page.text for page in pages)
    assert (EMPTY in before, TITLE in before) == (True, False)
    assert (EMPTY in after, TITLE in after) == (False, True)
    assert back.release.heads.expand < grown.release.heads.expand
    assert of_database(lab, "SELECT title FROM orders") == TITLE


def test_only_what_a_new_service_changes_is_pushed(first: Delivered, grown: Delivered) -> None:
    changed = {SERVICE, "database", "kafka-tools", "nginx"}
    assert set(grown.pushed) == changed
    assert len(grown.pushed) == len(changed)
    unchanged = first.release.images.keys() - changed
    assert {name: grown.release.images[name] for name in unchanged} == {
        name: first.release.images[name] for name in unchanged
    }


def test_nobody_who_uses_the_site_feels_a_delivery_or_a_rollback(
    grown: Delivered, back: Delivered
) -> None:
    for each in (grown, back):
        print(each.report)
        assert each.report.failures == []
        assert each.report.writes.lost == []
        assert each.report.streams.missed == []


def test_a_rollback_by_hand_gives_the_traffic_to_the_release_without_the_service(
    lab: Lab, first: Delivered, back: Delivered
) -> None:
    assert back.release == first.release
    assert back.live == first.live
    assert back.pushed == []
    assert lab.get(f"/{SERVICE}").status_code == HTTPStatus.NOT_FOUND


def test_each_is_told_with_who_began_it(
    first: Delivered, grown: Delivered, back: Delivered
) -> None:
    for each in (first, grown, back):
        [message] = each.heard
        assert each.release.version in message
        assert f"{ACTOR}, run {RUN_ID}" in message


def test_people_hear_what_changed_and_which_commits_brought_it(grown: Delivered) -> None:
    lines = [line.strip() for line in grown.heard[0].splitlines()]
    [changed] = [line for line in lines if line.startswith("Changed: ")]
    assert SERVICE in changed
    assert f"Take {SERVICE}" in lines


@pytest.mark.parametrize("folder", [f"src/python/services/{SERVICE}", "infra/compose"])
def test_the_new_service_answers_by_compose_alone_and_in_the_whole(
    lab: Lab, grown: Delivered, folder: str
) -> None:
    assert grown.ran.code == 0
    applications = (*APPLICATIONS, SERVICE)
    with docker.project(
        folder, of=lab.repository.clone, version=lab.tag, applications=applications
    ) as stack:
        print(f"healthy after {stack.up():.0f} s")
        assert EMPTY in httpx.get(f"{stack.url}/{SERVICE}", timeout=10).text


def test_no_log_of_a_run_has_a_secret(
    lab: Lab, first: Delivered, checked: Ran, grown: Delivered, back: Delivered
) -> None:
    values = [*lab.runner.secrets.values()]
    values += [file.read_text() for file in (lab.server.folder / "secrets").iterdir()]
    lines = {line.strip() for value in values for line in value.splitlines()}
    hidden = {
        line
        for line in lines
        if len(line) > 8 and not line.startswith(("-----", "sasl.", "security."))
    }
    assert hidden
    for output in (checked.output, *(each.ran.output for each in (first, grown, back))):
        assert [line for line in hidden if line in output] == []
