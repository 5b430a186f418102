"""The real system, started, used and ended as people do; on a copy of the sources."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.port_block import PortBlock
from local.port_check import is_free
from tests.docs.commands import block, documented, mentioned
from tests.docs.programs import PYTHON, on_path
from tests.local.checkout_copy import copy_checkout
from tests.local.ports import free_block
from tests.local.running import Running, page, press_restart, running, sign_up
from tests.support.applications import APPLICATIONS

_STARTED = 90.0  # seconds; a first start compiles and makes a database cluster
_RELOADED = 30.0  # seconds; on a busy machine
_SERVERS = {"broker", "postgres", "nginx", *APPLICATIONS}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def ports() -> PortBlock:
    return free_block()


@pytest.fixture(scope="module")
def system(root: Path, ports: PortBlock) -> Iterator[Running]:
    with running(root, "--port", str(ports.base), module="local") as runner:
        runner.wait_for("ready in", seconds=_STARTED)
        runner.children()
        yield runner


def test_page_and_its_style_come_through_nginx(system: Running, ports: PortBlock) -> None:
    assert f"http://127.0.0.1:{ports.nginx}" in system.output
    html = page(ports.nginx)
    style = html.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "{" in page(ports.nginx, style)
    assert system.children().keys() == _SERVERS


@pytest.mark.usefixtures("system")
def test_sign_up_goes_through_kafka_to_postgres_and_back(ports: PortBlock) -> None:
    assert sign_up(ports.nginx) == 201


@pytest.mark.usefixtures("system")
def test_methods_are_called_by_hand_as_the_page_says(
    root: Path, ports: PortBlock, tmp_path: Path
) -> None:
    environment = on_path(tmp_path / "bin", PYTHON)
    environment["PYTHONPATH"] += f"{os.pathsep}{root / '.local/codegen'}"
    [port] = re.findall(r">broker</a></th>.*?<td>(\d+)", page(ports.developer), re.DOTALL)
    broker = {"127.0.0.1:9092": f"127.0.0.1:{port}"}

    listed = documented("docs/calling.md", "python -m grpc_kafka.call --list tandem")
    known = listed.run(folder=tmp_path, environment=environment)
    assert known.code == 0, known.said
    assert "tandem.identity.v1.Identity/SignIn (" in known.said

    asked = documented("docs/calling.md", "account tandem.identity.v1.Identity/GetVer")
    keys = asked.run(folder=tmp_path, environment=environment, instead=broker)
    assert keys.code == 0, keys.said
    assert "EdDSA" in keys.said

    who = block("docs/calling.md", "json", "password")
    (tmp_path / "sign-in.json").write_text(who)
    assert sign_up(ports.nginx, **json.loads(who)) == 201
    signing_in = documented("docs/calling.md", "Identity/SignIn")
    signed_in = signing_in.run(folder=tmp_path, environment=environment, instead=broker)
    assert signed_in.code == 0, signed_in.said
    assert '"grant"' in signed_in.said


@pytest.mark.usefixtures("system")
def test_a_service_tells_how_it_is_and_what_it_counts(ports: PortBlock, tmp_path: Path) -> None:
    place = {"127.0.0.1:8083": f"127.0.0.1:{ports.identity}"}
    healthy = mentioned("docs/running-locally.md", "/healthz")
    assert '"checks"' in healthy.run(folder=tmp_path, instead=place).said
    counted = mentioned("docs/running-locally.md", "/metrics")
    assert "# TYPE" in counted.run(folder=tmp_path, instead=place).said


def test_a_bare_interpreter_is_told_what_it_lacks(root: Path, tmp_path: Path) -> None:
    bare = [str(Path(sys.base_prefix) / "bin/python3"), "-S"]
    environment = on_path(tmp_path / "bin", {"python": bare})
    environment["PYTHONPATH"] = str(root / "src/python")
    starting = mentioned("docs/troubleshooting.md", "python -m local")
    done = starting.run(folder=root, environment=environment)
    assert (done.code, "cannot import" in done.said) == (1, True), done.said


@pytest.mark.usefixtures("system")
def test_developer_page_shows_all_processes_and_follows_a_trace(ports: PortBlock) -> None:
    trace = httpx.get(f"http://127.0.0.1:{ports.nginx}/").headers["X-Request-ID"]
    html = page(ports.developer)
    assert all(name in html for name in _SERVERS)
    assert "not healthy" not in html
    deadline = time.monotonic() + 20
    lines = ""
    while "request served" not in lines and time.monotonic() < deadline:
        lines = page(ports.developer, f"/?trace={trace}").partition('data-live="lines"')[2]
    assert trace in lines


def test_saved_file_of_identity_restarts_identity_alone(
    root: Path, system: Running, ports: PortBlock
) -> None:
    before, mark = system.children(), system.mark()
    module = root / "src/python/services/identity/passwords.py"
    module.write_text(f"{module.read_text()}\n")
    system.wait_for("identity reloaded in", after=mark, seconds=_RELOADED)
    after = system.children()
    assert {name for name in _SERVERS if before[name] != after[name]} == {"identity"}
    assert sign_up(ports.nginx) == 201


def test_changed_contract_restarts_those_who_speak_it(root: Path, system: Running) -> None:
    before, mark = system.children(), system.mark()
    contract = root / "src/protos/tandem/identity/v1/identity.proto"
    contract.write_text(f"{contract.read_text()}\nmessage Added {{}}\n")
    for name in ("codegen", "account", "identity"):
        system.wait_for(f"{name} reloaded in", after=mark, seconds=_RELOADED)
    after = system.children()
    changed = {name for name in _SERVERS if before[name] != after[name]}
    assert changed == {"identity", "account"}


def test_changed_style_is_published_at_once(root: Path, system: Running, ports: PortBlock) -> None:
    mark = system.mark()
    style = root / "src/python/services/account/static/site.css"
    style.write_text(f"{style.read_text()}\n.added-by-a-test {{}}\n")
    system.wait_for("nginx reloaded", after=mark, seconds=_RELOADED)
    system.wait_for("account reloaded in", after=mark, seconds=_RELOADED)
    name = page(ports.nginx).split('rel="stylesheet" href="')[1].split('"')[0]
    assert ".added-by-a-test" in page(ports.nginx, name)


def test_broken_template_of_nginx_leaves_the_old_one(
    root: Path, system: Running, ports: PortBlock
) -> None:
    template = root / "infra/nginx/templates/tandem.conf.template"
    good, mark = template.read_text(), system.mark()
    template.write_text(f"{good}\nnonsense;\n")
    system.wait_for('unknown directive "nonsense"', after=mark, seconds=_RELOADED)
    assert "<html" in page(ports.nginx)
    mark = system.mark()
    template.write_text(good)
    system.wait_for("configure reloaded in", after=mark, seconds=_RELOADED)
    assert "<html" in page(ports.nginx)


def test_killed_nginx_leaves_no_worker_on_its_port_and_starts_again(
    system: Running, ports: PortBlock
) -> None:
    mark = system.mark()
    os.kill(system.children()["nginx"], signal.SIGKILL)
    system.wait_for("nginx was ended by SIGKILL", after=mark)
    # What is killed lets go of it as soon as it gets its turn.
    deadline = time.monotonic() + 10
    while not is_free(ports.nginx):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert press_restart(ports.developer, "nginx") == httpx.codes.SEE_OTHER
    system.wait_for("nginx reloaded in", after=mark)
    assert "<html" in page(ports.nginx)


def test_killed_runner_leaves_nothing_and_the_next_start_finds_the_data(
    root: Path, system: Running, ports: PortBlock
) -> None:
    system.guard()
    system.children()
    system.signal(signal.SIGKILL)
    with running(root, module="local") as again:
        again.wait_for("ready in", seconds=_STARTED)
        system.assert_nothing_left()
        assert "migrate      unchanged" in again.output
        assert sign_up(ports.nginx) == 201
        again.guard()
        again.children()
        again.press_ctrl_c()
        assert again.code(seconds=30) == 0
        again.assert_nothing_left()
        stopped = [line.split()[0] for line in again.output.splitlines() if " stopped " in line]
        own = [name for name in stopped if name in {"nginx", "account", "identity", "database"}]
        assert own == ["nginx", "account", "identity", "database"]
        assert set(stopped) == _SERVERS
