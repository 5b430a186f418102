"""A service of each kind, made by the command in a copy of the checkout: checked, run, removed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from scaffold import cli
from tests.build.checkout import Checkout
from tests.docs.commands import Command, block, documented
from tests.local.ports import free_block
from tests.local.running import IMPORTABLE, page, running
from tests.support import docker

pytestmark = pytest.mark.timeout(600)  # seconds; the first test has Pants start

# No other file but a page names those of a kind: what is used is not removed without --force.
PLAIN, WEB, DATA, BOTH = "orders", "badgers", "voles", "newts"
KINDS = {PLAIN: (), WEB: ("--web",), DATA: ("--data",), BOTH: ("--web", "--data")}
PAGE = "docs/adding-a-service.md"
STREAMS = "docs/streams.md"
VISITORS = block("docs/pages.md", "python", "class Visitors")
_STARTED = 240.0  # seconds
_TYPED = 500.0  # seconds
_ID = "01980000-0000-7000-8000-000000000001"


def git(checkout: Checkout, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(  # noqa: S603  # fixed arguments
        ["/usr/bin/env", "git", "-C", str(checkout.root), *who, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def committed(checkout: Checkout) -> str:
    """The name of the tree, once all that there is was committed."""
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "As it is")
    return git(checkout, "rev-parse", "HEAD^{tree}")


def pants(checkout: Checkout, *arguments: str) -> str:
    done = checkout.pants(*arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def typed(checkout: Checkout, command: Command) -> str:
    """What a command of the page says; it must succeed."""
    done = command.run(folder=checkout.root, environment=checkout.environment, timeout=_TYPED)
    assert done.code == 0, done.said
    return done.said


@pytest.fixture(scope="module")
def before(checkout: Checkout) -> str:
    """The tree before there was any service of these."""
    return committed(checkout)


def test_no_code_names_the_services_that_are_made_here(checkout: Checkout, before: str) -> None:
    """Quick to see; that one of them is not removed shows after minutes."""
    each = "|".join(KINDS)
    naming = rf"\b(services|tandem)[./]({each})\b|\b({each})_pb2|kafka_({each})_password"
    found = git(checkout, "grep", "--name-only", "--extended-regexp", naming, before).splitlines()
    files = {entry.removeprefix(f"{before}:") for entry in found}
    assert PAGE in files
    assert {file for file in files if not file.endswith(".md")} == set()


@pytest.fixture(scope="module")
def made(checkout: Checkout, before: str) -> Checkout:
    """The checkout with a service of each kind."""
    assert before
    for name, options in KINDS.items():
        if name == PLAIN:
            said = typed(
                checkout,
                documented("docs/adding-a-service.md", "./pants run :new-service -- orders"),
            )
            assert f"{name} is made" in said
        else:  # the same without Pants, which takes its time
            assert cli.new([name, *options], checkout.root) == 0
        committed(checkout)
    return checkout


def test_all_goals_are_green_right_after_making(made: Checkout) -> None:
    rooms = [f"src/python/services/{name}::" for name in KINDS]
    touched = ("src/protos::", "src/python/services/database/stores::", "src/python/scaffold::")
    own = [f"tests/database/{name}_test.py" for name in (DATA, BOTH)]
    # What the page says of who is signed in; `visitors_test.py` runs it.
    with made.file(f"src/python/services/{BOTH}/visitors.py", VISITORS):
        said = pants(made, "lint", "check", "test", *rooms, *touched, *own)
    for name in KINDS:
        assert f"services/{name}/" in said

    checking = documented("docs/adding-a-service.md", "./pants lint check test")
    shown = checking.output.rpartition(" in ")[0]
    assert shown.endswith("succeeded")
    assert shown in typed(made, checking)


def test_methods_of_all_of_them_are_known_by_hand(made: Checkout) -> None:
    known = typed(made, documented("docs/calling.md", "./pants run :call -- --list tandem"))
    for name in (PLAIN, WEB):
        assert f"tandem.{name}.v1.{name.capitalize()}/Greet (" in known
    for name in (DATA, BOTH):
        assert f"tandem.{name}.v1.{name.capitalize()}/" in known
    assert "tandem.identity.v1.Identity/SignIn (" in known


def test_a_stream_is_a_method_as_the_page_has_it(made: Checkout) -> None:
    service = made.root / f"src/python/services/{PLAIN}"
    contract = made.root / f"src/protos/tandem/{PLAIN}/v1/{PLAIN}.proto"
    rooms = (f"src/protos/tandem/{PLAIN}::", f"src/python/services/{PLAIN}::")
    added = block(STREAMS, "proto", "rpc TrackOrder")
    others, _, messages = contract.read_text().partition("}\n\nmessage")
    written = f"{others}{added}\nmessage{messages}"

    contract.write_text(written.replace("TrackOrderResponse", "Place"))
    refused = made.pants("lint", rooms[0])
    assert refused.returncode != 0
    assert block(STREAMS, "", "should be named").strip() in refused.stdout

    contract.write_text(written)
    imported = "from collections.abc import AsyncIterator\n\n"
    edit(service / "servicer.py", 'as the contract says it."""\n\n', imported)
    append(service / "servicer.py", "\n" + block(STREAMS, "python", "async def TrackOrder"))
    tests = service / "servicer_test.py"
    edit(tests, "_pb2 import GreetRequest", ", TrackOrderRequest, TrackOrderResponse")
    append(tests, "\n\n" + block(STREAMS, "python", "async def test_an_order"))
    pants(made, "fmt", *rooms)
    assert "succeeded" in pants(made, "lint", "check", "test", *rooms)
    git(made, "checkout", "--quiet", "--", ".")


def call(root: Path, broker: str, method: str, request: dict[str, str]) -> dict[str, object]:
    """Call a method as somebody at a terminal does."""
    arguments = ("--bootstrap", broker, "--lane", "blue", "--application", "account", "--wait")
    command = ("-m", "grpc_kafka.call", *arguments, "--option", "fetch.wait.max.ms=5")
    contracts = str(root / ".local/codegen")
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, *command, method, json.dumps(request)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([contracts, IMPORTABLE])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def submitted(port: int, service: str, typed: dict[str, str]) -> str:
    """The page after a service took its form, which comes through nginx as from a browser."""
    site, path = f"http://127.0.0.1:{port}", f"/{service}"
    with httpx.Client(base_url=site, follow_redirects=True, timeout=10) as browser:
        hidden = r'type="hidden" name="(\w+)" value="([^"]*)"'
        data = dict(re.findall(hidden, browser.get(path).text)) | typed
        return browser.post(path, data=data, headers={"Origin": site}).text


def test_the_local_system_runs_all_of_them(made: Checkout, tmp_path: Path) -> None:
    ports = free_block()
    with running(made.root, "--port", str(ports.base), module="local") as runner:
        runner.wait_for("ready in", seconds=_STARTED)
        children = runner.children()
        assert children.keys() >= KINDS.keys()
        [port] = [
            each.laddr.port
            for each in psutil.Process(children["broker"]).net_connections("tcp")
            if each.status == psutil.CONN_LISTEN
        ]
        broker = f"127.0.0.1:{port}"
        for name in (PLAIN, WEB):
            method = f"tandem.{name}.v1.{name.capitalize()}/Greet"
            assert call(made.root, broker, method, {"name": "Ada"}) == {"text": "Hello, Ada!"}
        for name, row in ((DATA, "vole"), (BOTH, "newt")):
            method = f"tandem.{name}.v1.{name.capitalize()}/Create{row.capitalize()}"
            answer = call(made.root, broker, method, {"id": _ID, "title": "First"})[row]
            assert isinstance(answer, dict)
            assert answer["title"] == "First"
        assert "<li>Hello, Ada!</li>" in submitted(ports.nginx, WEB, {"name": "Ada"})
        assert "<li>Second</li>" in submitted(ports.nginx, BOTH, {"title": "Second"})
        html = page(ports.nginx, f"/{BOTH}")
        assert "<li>First</li>" in html
        style = html.split('rel="stylesheet" href="')[1].split('"')[0]
        assert "{" in page(ports.nginx, style)
        assert f"{PLAIN}       ready" in runner.output
        health = documented("docs/adding-a-service.md", "/healthz")
        place = {"127.0.0.1:8086": f"127.0.0.1:{ports.further(0)}"}
        assert health.output.strip() in health.run(folder=made.root, instead=place).said
        site = {"127.0.0.1:8080": f"127.0.0.1:{ports.nginx}"}
        for command, told in (
            (documented("docs/pages.md", "--cookie-jar"), '"account_id"'),
            (documented("docs/pages.md", "--cookie cookies.txt"), '"ada@example.com"'),
        ):
            assert told in command.run(folder=tmp_path, instead=site).said
        mark = runner.mark()
        offer_greetings(made.root)
        runner.wait_for("account reloaded in", after=mark, seconds=_STARTED)
        asking = documented("docs/adding-a-service.md", "/greetings")
        assert asking.output.strip() in asking.run(folder=made.root, instead=site).said
        runner.press_ctrl_c()
        assert runner.code(seconds=60) == 0
    git(made, "checkout", "--quiet", "--", ".")
    git(made, "clean", "--quiet", "--force", "src")


def offer_greetings(root: Path) -> None:
    """Have `account` call the service of the page, by the edits that the page tells."""
    account = root / "src/python/services/account"
    calls = "[applications.account]\nserves = []\ncalls = [\n"
    edit(
        root / "infra/kafka/services.toml", calls, f'  "tandem.{PLAIN}.v1.{PLAIN.capitalize()}",\n'
    )
    router = block(PAGE, "python", "def greetings_router")
    (account / "api/greetings.py").write_text(router)
    application = account / "application.py"
    edit(application, "from fastapi import ", "APIRouter, ")
    edit(application, '"""\n', "\nfrom collections.abc import Sequence\n")
    edit(application, "    clock: Clock = utc_now,\n", "    routers: Sequence[APIRouter] = (),\n")
    last = '    app.include_router(live_router(live, policy), prefix="/api/v1")\n'
    edit(application, last, block(PAGE, "python", "for router in routers"))
    service = account / "service.py"
    imported = "from services.account.api.greetings import greetings_router\n"
    edit(service, "from services.account.application import build\n", imported)
    edit(service, "            streams,\n", block(PAGE, "python", "routers=["))


def edit(file: Path, after: str, added: str) -> None:
    """Add something behind what a file has once."""
    before, found, rest = file.read_text().partition(after)
    assert found
    file.write_text(f"{before}{after}{added}{rest}")


def append(file: Path, added: str) -> None:
    """Add something at the end of a file."""
    file.write_text(f"{file.read_text()}{added}")


def test_the_image_of_each_runs(made: Checkout) -> None:
    docker.needed()
    images = [f"tandem/{name}:dev" for name in KINDS]
    pants(made, "package", *(f"src/python/services/{name}:image" for name in KINDS))
    try:
        hardened = ("--rm", "--read-only", "--cap-drop=ALL", "--network=none")
        for image in images:
            said = docker.run(["docker", "run", *hardened, image, "--help"]).stdout
            assert "serve" in said, image
    finally:
        docker.run(["docker", "rmi", "--force", *images])


def test_removed_they_leave_the_tree_as_it_was(made: Checkout, before: str) -> None:
    for name in reversed(KINDS):
        if name == PLAIN:
            removing = documented("docs/adding-a-service.md", "./pants run :remove-service")
            assert f"{name} is removed" in typed(made, removing)
        else:
            assert cli.remove([name], made.root) == 0
        last = committed(made)
    assert last == before
