"""The profile `observability` beside the system: traces arrive, all that runs is measured."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.compose.hardened import lacking
from tests.docs.commands import documented
from tests.observability import definitions
from tests.support import docker, requirements
from tests.support.applications import APPLICATIONS
from tests.support.collector import Span, way_to
from tests.support.docker import UP_TIMEOUT, DockerError, Stack, service_of
from tests.support.ports import free_port
from tests.system.api import Client
from tests.system.people import Person

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

OBSERVERS = ("jaeger", "otel-collector", "prometheus")
"""What is here of the profile: all but Grafana, which no registry of modules or packages has."""

ENDPOINT = {"TANDEM_TRACES_ENDPOINT": "http://otel-collector:4318"}
PROCESSES = {**dict.fromkeys(APPLICATIONS, 1), "identity": 2}
PATIENCE = 60.0  # seconds; Prometheus asks every 15
# Prints those of the addresses HOST:PORT that take a connection.
CONNECT = """
import socket, sys
for each in sys.argv[1:]:
    host, _, port = each.partition(":")
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError:
        continue
    print(each)
"""
NETWORKS = ("bus", "data", "edge", "observability")
KEPT = 10_000  # traces; infra/observability/jaeger.yml says so
# Sends the collector traces of one span each; their ids are numbers, from 1 to the one given.
SEND = """
import json, sys, time, urllib.request
count = int(sys.argv[1])
for first in range(1, count + 1, 1000):
    now = time.time_ns()
    spans = [
        {"traceId": f"{number:032x}", "spanId": f"{number:016x}", "name": "of a test", "kind": 2,
         "startTimeUnixNano": str(now), "endTimeUnixNano": str(now)}
        for number in range(first, min(first + 1000, count + 1))
    ]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request("http://otel-collector:4318/v1/traces", body, headers)
    urllib.request.urlopen(request, timeout=10).read()
"""
# Stands for Grafana where no registry gives its image: it answers who asks whether it is well.
STAND_IN = """\
services:
  grafana:
    image: {image}
    entrypoint: [/bin/busybox, sh, -c]
    command:
      - /bin/busybox mkdir -p /tmp/api && echo ok >/tmp/api/health &&
        exec /bin/busybox httpd -f -p 3000 -h /tmp
"""
WITH_A_WAY_OUT = {"account", "nginx"}  # nginx is published from their network


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system with what observes it, two processes of identity among it."""
    with docker.project("infra/compose", settings=ENDPOINT) as project:
        images = project.compose("config", "--images", *OBSERVERS).split()
        for image in images:
            try:
                docker.run(["docker", "image", "inspect", image])
            except DockerError:
                requirements.missing(f"no {image}: infra/images/make-bases observability")
        starting = documented("docs/observability.md", "otel-collector jaeger prometheus")
        done = starting.run(folder=project.folder, environment=project.told, timeout=UP_TIMEOUT)
        assert done.code == 0, done.said
        project.up("--scale=identity=2", "identity")
        yield project


def told(stack: Stack, url: str) -> dict[str, Any]:
    """What an HTTP server on Prometheus' networks answers to Prometheus' own wget, as JSON."""
    said = stack.exec("prometheus", "wget", "-q", "-O", "-", url)
    assert said.returncode == 0, f"{url}: {said.stderr}"
    answer: dict[str, dict[str, Any]] = json.loads(said.stdout)
    return answer["data"]


def query(stack: Stack, expression: str) -> Sequence[Mapping[str, str]]:
    url = f"http://127.0.0.1:9090/api/v1/query?query={quote(expression)}"
    return [each["metric"] for each in told(stack, url)["result"]]


def eventually[T](found: Callable[[], T], expected: T) -> None:
    deadline = time.monotonic() + PATIENCE
    while (last := found()) != expected and time.monotonic() < deadline:
        time.sleep(0.5)
    assert last == expected


def spans_of(stack: Stack, trace: str) -> Sequence[Span]:
    """A trace as Jaeger tells it to Grafana; none before it has any of it."""
    said = stack.exec(
        "prometheus", "wget", "-q", "-O", "-", f"http://jaeger:16686/api/traces/{trace}"
    )
    if said.returncode:
        return []
    (found,) = json.loads(said.stdout)["data"]
    resources = {
        key: {"service.name": each["serviceName"], **attributes(each["tags"])}
        for key, each in found["processes"].items()
    }
    return [
        Span(
            each["traceID"],
            each["spanID"],
            next((other["spanID"] for other in each["references"]), ""),
            each["operationName"],
            (tags := attributes(each["tags"])).get("span.kind", "internal").upper(),
            tags,
            resources[each["processID"]],
        )
        for each in found["spans"]
    ]


def attributes(tags: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    return {each["key"]: str(each["value"]) for each in tags}


def signed_up(stack: Stack) -> str:
    """Let somebody sign up, again where a busy machine was too slow; gives the trace's id."""
    person, deadline = Person("Ada Lovelace"), time.monotonic() + PATIENCE
    with Client(stack.url) as client:
        while not (answer := client.sign_up(person)).is_success:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.5)
    return answer.headers["x-request-id"]


def test_a_trace_leads_from_nginx_to_the_database_in_jaeger(stack: Stack) -> None:
    sign_up = "/tandem.identity.v1.Identity/SignUp"
    create = "/tandem.database.v1.AccountStore/CreateAccount"
    trace = signed_up(stack)

    def way() -> Sequence[Span]:
        spans = spans_of(stack, trace)
        ends = [each for each in spans if (each.name, each.kind) == (create, "SERVER")]
        return way_to(ends[0], spans) if ends else ()

    def edges() -> list[tuple[str, str, str]]:
        kept = [each for each in way() if each.kind != "INTERNAL"]  # FastAPI adds some of its own
        return [(each.service, each.kind, each.name) for each in kept]

    eventually(
        edges,
        [
            ("account", "SERVER", "POST /api/v1/accounts"),
            ("account", "CLIENT", sign_up),
            ("identity", "SERVER", sign_up),
            ("identity", "CLIENT", create),
            ("database", "SERVER", create),
        ],
    )
    assert way()[0].parent == trace[:16]  # nginx's own, which it names in its log


def test_prometheus_asks_every_process_of_every_service(stack: Stack) -> None:
    bus = f"{stack.name}_bus"
    expected = {
        (service_of(each), f"{each['NetworkSettings']['Networks'][bus]['IPAddress']}:8080", "up")
        for each in stack.containers()
        if service_of(each) in APPLICATIONS
    }
    assert len(expected) == sum(PROCESSES.values())

    def targets() -> set[tuple[str, str, str]]:
        active = told(stack, "http://127.0.0.1:9090/api/v1/targets?state=active")["activeTargets"]
        labels = [(each["labels"], each["health"]) for each in active]
        return {(each["service"], each["instance"], health) for each, health in labels}

    eventually(targets, expected)


def test_a_healthy_system_raises_no_alert(stack: Stack) -> None:
    def health() -> set[str]:
        groups = told(stack, "http://127.0.0.1:9090/api/v1/rules")["groups"]
        return {rule["health"] for group in groups for rule in group["rules"]}

    eventually(health, {"ok"})
    eventually(lambda: {each["service"] for each in query(stack, "up == 1")}, set(APPLICATIONS))
    eventually(lambda: query(stack, "rpc_server_duration_seconds_count") != [], expected=True)
    eventually(lambda: {each["alertname"] for each in query(stack, "ALERTS")}, set[str]())
    assert query(stack, 'tandem_spans_total{outcome="failed"} > 0') == []


def test_the_dashboard_is_filled(stack: Stack) -> None:
    expected = {title for title, _ in definitions.panels()} - definitions.EMPTY_ON_A_QUIET_DAY

    def empty() -> set[str]:
        return expected - {title for title, each in definitions.panels() if query(stack, each)}

    eventually(empty, set[str]())


def test_what_observes_is_hardened_and_stays_up(stack: Stack) -> None:
    observers = [each for each in stack.containers() if service_of(each) in OBSERVERS]
    assert [service_of(each) for each in observers] == list(OBSERVERS)
    assert [f"{service_of(each)}: {what}" for each in observers for what in lacking(each)] == []
    states = [(each["State"]["Running"], each["RestartCount"]) for each in observers]
    assert states == [(True, 0)] * len(OBSERVERS)
    assert all(not each["HostConfig"]["PortBindings"] for each in observers)


def python(
    stack: Stack, service: str, script: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a script on the networks of a service's container, whose image has no Python."""
    network = f"--network=container:{stack.container(service)['Id']}"
    image = ("--entrypoint=/app/bin/python", stack.container("database")["Config"]["Image"])
    command = ["docker", "run", "--rm", network, *image, "-c", script, *arguments]
    return docker.run(command, check=False)


def reached(stack: Stack, service: str, ports: Mapping[str, int]) -> set[str]:
    """Which others a program on the networks of a service's container can connect to.

    Args:
        stack: The system.
        service: Where the program is.
        ports: Those others with a port of each; tried by name and by all addresses.
    """
    tried = {
        f"{host}:{port}": other for other, port in ports.items() for host in addresses(stack, other)
    }
    said = python(stack, service, CONNECT, *tried)
    assert said.returncode == 0, said.stderr
    return {tried[each] for each in said.stdout.split()}


def addresses(stack: Stack, service: str) -> Iterator[str]:
    yield service
    for network in stack.container(service)["NetworkSettings"]["Networks"].values():
        yield network["IPAddress"]


@pytest.mark.parametrize("observer", ["otel-collector", "prometheus"])
def test_what_observes_the_services_does_not_reach_the_data(stack: Stack, observer: str) -> None:
    assert reached(stack, observer, {"postgres": 5432, "account": 8080}) == {"account"}


def test_where_dashboards_are_made_only_what_observes_is_reached(stack: Stack) -> None:
    """Jaeger is on that network alone, as Grafana is but for the one that it is published from."""
    inside = {"otel-collector": 4318, "prometheus": 9090}
    others = {"account": 8080, "identity": 8080, "kafka": 9092, "nginx": 8080, "postgres": 5432}
    assert reached(stack, "jaeger", {**inside, **others}) == inside.keys()


def test_nothing_but_nginx_and_account_has_a_way_out(stack: Stack) -> None:
    names = [f"{stack.name}_{each}" for each in NETWORKS]
    networks = json.loads(docker.run(["docker", "network", "inspect", *names]).stdout)
    inside = {each["Name"] for each in networks if each["Internal"]}
    out = {
        service_of(each)
        for each in stack.containers()
        if each["State"]["Running"]
        and any(name not in inside for name in each["NetworkSettings"]["Networks"])
    }
    assert out == WITH_A_WAY_OUT


def test_jaeger_forgets_the_oldest_traces_rather_than_outgrow_its_memory(stack: Stack) -> None:
    last = 2 * KEPT  # the collector hands on ten batches at once, in any order
    sent = python(stack, "jaeger", SEND, str(last))
    assert sent.returncode == 0, sent.stderr
    eventually(lambda: len(spans_of(stack, f"{last:032x}")), 1)
    assert spans_of(stack, f"{1:032x}") == []


def test_the_whole_profile_comes_up_by_the_command_of_the_page(
    stack: Stack, tmp_path: Path
) -> None:
    """The last one: it takes the second process of identity away, and what it brings stays."""
    files = ["docker-compose.yml"]
    if not has_grafana(stack):
        image = stack.container("prometheus")["Config"]["Image"]
        instead = tmp_path / "stand-in.yml"
        instead.write_text(STAND_IN.format(image=image))
        files.append(str(instead))
    more = {"COMPOSE_FILE": os.pathsep.join(files), "TANDEM_GRAFANA_PORT": str(free_port())}
    whole = documented("docs/observability.md", "export TANDEM_TRACES_ENDPOINT")
    environment = {**stack.told, **more}
    done = whole.run(folder=stack.folder, environment=environment, timeout=UP_TIMEOUT)
    assert done.code == 0, done.said
    assert all(stack.container(each)["State"]["Running"] for each in OBSERVERS)
    assert stack.container("grafana")["State"]["Health"]["Status"] == "healthy"


def has_grafana(stack: Stack) -> bool:
    """Whether its image is here; Compose names those that it depends on too, in any order."""
    images = stack.compose("config", "--images", "grafana").split()
    return docker.run(["docker", "image", "inspect", *images], check=False).returncode == 0
