"""What each container must not be able to do."""

import json
import subprocess

import pytest

from tests.compose.hardened import lacking
from tests.compose.started import Event, too_early
from tests.support import docker, requirements
from tests.support.applications import WITH_PAGES
from tests.support.docker import SERVERS, Stack, service_of

pytestmark = pytest.mark.timeout(600)  # the first one brings everything up

TASKS = (
    "database-migrate",
    "database-prepare",
    "identity-keys",
    "kafka-access",
    "kafka-topics",
    "static",
    *(f"{name}-static" for name in WITH_PAGES),
)
CONNECT = """
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
"""
SURELY = 20.0  # seconds in which what can be reached is, on a busy machine


def reaches(stack: Stack, service: str, host: str, port: int, within: float = 3.0) -> bool:
    """Whether a program in a service's container can connect."""
    told = (host, str(port), str(within))
    done = stack.exec(service, "/app/bin/python", "-c", CONNECT, *told)
    return done.returncode == 0


def nginx_reaches(stack: Stack, host: str, port: int, within: float = 3.0) -> bool:
    script = f"exec 3<>/dev/tcp/{host}/{port}"
    return stack.exec("nginx", "timeout", str(within), "bash", "-c", script).returncode == 0


def address(stack: Stack, service: str) -> str:
    networks = stack.container(service)["NetworkSettings"]["Networks"]
    return next(str(network["IPAddress"]) for network in networks.values())


def test_what_all_stand_on_has_processors_before_all_others(stack: Stack) -> None:
    shares = {service_of(each): each["HostConfig"]["CpuShares"] for each in stack.containers()}
    foundation = {name for name, share in shares.items() if share}
    assert foundation == {"kafka", "nginx", "postgres"}
    usual = 1024
    assert min(shares[name] for name in foundation) >= 10 * usual


def test_only_the_database_service_reaches_postgresql(stack: Stack) -> None:
    assert reaches(stack, "database", "postgres", 5432, SURELY)
    for host in ("postgres", address(stack, "postgres")):
        assert not reaches(stack, "account", host, 5432)
        assert not reaches(stack, "identity", host, 5432)
        assert not nginx_reaches(stack, host, 5432)


def test_nginx_reaches_the_account_service_and_neither_kafka_nor_others(stack: Stack) -> None:
    assert nginx_reaches(stack, "blue-account", 8080, SURELY)
    for host in ("kafka", address(stack, "kafka")):
        assert not nginx_reaches(stack, host, 9092)
    assert not nginx_reaches(stack, address(stack, "identity"), 8080)


def test_nothing_but_nginx_is_published_and_that_on_loopback(stack: Stack) -> None:
    published = {
        service_of(each): [binding["HostIp"] for ports in bindings.values() for binding in ports]
        for each in stack.containers()
        if (bindings := each["HostConfig"]["PortBindings"])
    }
    assert published == {"nginx": ["127.0.0.1"]}


def test_of_all_profiles_grafana_alone_is_published_too_and_on_loopback(stack: Stack) -> None:
    config = json.loads(stack.compose("--profile", "*", "config", "--format=json"))
    published = {
        name: [port["host_ip"] for port in ports]
        for name, service in config["services"].items()
        if (ports := service.get("ports"))
    }
    assert published == {"grafana": ["127.0.0.1"], "nginx": ["127.0.0.1"]}


def test_each_starts_when_what_it_needs_is_healthy_or_has_ended_well(
    stack: Stack, told: list[Event]
) -> None:
    assert told
    assert too_early(stack, told) == []


def test_every_container_is_hardened(stack: Stack) -> None:
    containers = stack.containers()
    assert [service_of(each) for each in containers] == sorted((*SERVERS, *TASKS))
    found = [
        f"{service_of(each)}: {what}"
        for each in containers
        for what in lacking(each, stays=service_of(each) in SERVERS)
    ]
    assert found == []


def test_no_secret_is_in_an_environment_an_argument_or_a_log(stack: Stack) -> None:
    told = {service_of(each): str(each) for each in stack.containers()}
    wrote = stack.logs()
    for name, password in passwords(stack.secrets).items():
        assert password not in wrote, f"{name} is in a log"
        assert [service for service, text in told.items() if password in text] == []


def test_no_secret_of_the_checkout_is_in_an_image(stack: Stack) -> None:
    folder = stack.checkout / "infra/compose/secrets"
    if not folder.is_dir():
        requirements.missing(f"no {folder}: ./pants run infra/compose:secrets before packaging")
    secrets = passwords({path.name: path.read_text() for path in folder.iterdir()})
    assert secrets
    images = {each["Config"]["Image"] for each in stack.containers()}
    with docker.saved(images) as archive:
        assert [name for name, text in secrets.items() if archive.find(text.encode()) != -1] == []


def passwords(secrets: dict[str, str]) -> dict[str, str]:
    """Those that are a password and nothing else."""
    return {name: text for name, text in secrets.items() if name.endswith(("_password", "_key"))}


@pytest.mark.parametrize("service", SERVERS)
def test_a_server_can_write_nowhere_but_where_it_must(stack: Stack, service: str) -> None:
    folders = "/ /etc /usr/bin /opt /app /var/lib"
    script = f"for d in {folders}; do touch $d/x 2>/dev/null && echo $d; done; echo tried"
    done: subprocess.CompletedProcess[str] = stack.exec(service, "sh", "-c", script)
    assert done.stdout == "tried\n"
