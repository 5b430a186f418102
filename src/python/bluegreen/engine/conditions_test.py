"""What containers are taken for, by what Docker says of them, and what is shown of the ill."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker.models.containers import Container

from bluegreen.engine.conditions import condition, headlines, report

STARTED, LATER, EARLIER = (f"2026-01-01T00:00:{second}.123456789Z" for second in ("30", "40", "20"))

PROBE = {"Status": "unhealthy", "Log": [{"ExitCode": 1, "Output": "refused\n"}]}


def container(service: str, state: dict[str, Any], restarts: int = 0) -> Container:
    labels = {"com.docker.compose.service": service}
    state = {"Status": "running", "Running": True, "ExitCode": 0, **state}
    attributes = {
        "Id": service,
        "State": state,
        "Config": {"Labels": labels},
        "RestartCount": restarts,
    }
    log = f"log of {service}\n".encode()
    client = SimpleNamespace(api=SimpleNamespace(logs=lambda *_, **__: log))
    return Container(attributes, client)  # type: ignore[arg-type]  # all that is asked of it


WELL = container("database", {"Health": {"Status": "healthy", "Log": []}})


def test_each_that_is_ill_says_how_with_its_last_probe_and_the_end_of_its_log() -> None:
    ended = {"Status": "restarting", "Restarting": True, "ExitCode": 1}
    said = report([container("account", ended, 3), WELL, container("identity", {"Health": PROBE})])
    assert said.text.splitlines() == [
        "account is restarting, ended with 1, restarted 3 times",
        "  its log ends:",
        "    log of account",
        "identity is running and unhealthy",
        "  last probe ended with 1: refused",
        "  its log ends:",
        "    log of identity",
    ]
    assert said.ill == [
        "account is restarting, ended with 1, restarted 3 times",
        "identity is running and unhealthy",
    ]
    assert headlines(said.text) == [
        "account is restarting, ended with 1, restarted 3 times, and wrote at last: log of account",
        "identity is running and unhealthy, and wrote at last: log of identity",
    ]


def test_who_lacked_memory_says_so() -> None:
    killed = {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True}
    [line] = report([container("account", killed, 1)]).ill
    assert line == "account is exited, ended with 137, killed for lack of memory, restarted once"


@pytest.mark.parametrize("health", ["starting", "healthy"])
def test_who_lacked_memory_says_so_though_it_was_started_again(health: str) -> None:
    again = container("account", {"OOMKilled": False, "Health": {"Status": health}}, 1)
    said = report([again, WELL], starved={str(again.id)})
    assert said.ill == [
        f"account is running and {health}, killed for lack of memory, restarted once"
    ]
    assert "database" not in said.text


def test_where_all_say_that_they_are_well_all_are_shown() -> None:
    said = report([WELL])
    assert said.text.startswith("database is running and healthy\n")
    assert said.ill == []
    assert said.added_to("it is slow") == "it is slow"


def with_state(**state: object) -> Container:
    labels = {"com.docker.compose.service": "account"}
    told = {"Running": True, "StartedAt": STARTED, **state}
    return Container(attrs={"Config": {"Image": "one", "Labels": labels}, "State": told})


def health(status: str, *probes: tuple[str, int]) -> dict[str, Any]:
    return {"Status": status, "Log": [{"Start": at, "ExitCode": code} for at, code in probes]}


@pytest.mark.parametrize(
    ("state", "healthy"),
    [
        ({}, True),
        ({"Running": False}, False),
        ({"Health": health("healthy", (LATER, 0))}, True),
        ({"Health": health("unhealthy", (LATER, 1))}, False),
        ({"Health": health("starting")}, False),
        ({"Health": health("starting", (LATER, 1))}, False),
        ({"Health": {"Status": "starting", "Log": None}}, False),
        ({"Running": False, "Health": health("healthy", (LATER, 0))}, False),
    ],
)
def test_a_container_is_well_that_runs_and_passes_its_check(
    state: dict[str, Any], healthy: bool
) -> None:
    assert condition([with_state(**state)]).healthy == ({"account"} if healthy else set())


def test_a_restart_of_the_engine_which_forgets_how_containers_are_makes_none_of_them_ill() -> None:
    assert condition([with_state(Health=health("starting", (LATER, 0)))]).healthy


def test_what_a_container_was_before_its_own_restart_does_not_count() -> None:
    assert not condition([with_state(Health=health("starting", (EARLIER, 0)))]).healthy
