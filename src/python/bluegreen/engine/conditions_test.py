"""What is shown of containers that are not well."""

from types import SimpleNamespace
from typing import Any

from docker.models.containers import Container

from bluegreen.engine.conditions import headlines, report

PROBE = {"Status": "unhealthy", "Log": [{"ExitCode": 1, "Output": "refused\n"}]}


def container(service: str, state: dict[str, Any], restarts: int = 0) -> Container:
    labels = {"com.docker.compose.service": service}
    state = {"Status": "running", "Running": True, "ExitCode": 0, **state}
    attributes = {"State": state, "Config": {"Labels": labels}, "RestartCount": restarts}
    log = f"log of {service}\n".encode()
    client = SimpleNamespace(api=SimpleNamespace(logs=lambda *_, **__: log))
    return Container(attributes, client)  # type: ignore[arg-type]  # all that is asked of it


WELL = container("database", {"Health": {"Status": "healthy", "Log": []}})


def test_each_that_is_ill_says_how_with_its_last_probe_and_the_end_of_its_log() -> None:
    ended = {"Status": "restarting", "Restarting": True, "ExitCode": 1}
    said = report([container("account", ended, 3), WELL, container("identity", {"Health": PROBE})])
    assert said.splitlines() == [
        "account is restarting, ended with 1, restarted 3 times",
        "  its log ends:",
        "    log of account",
        "identity is running and unhealthy",
        "  last probe ended with 1: refused",
        "  its log ends:",
        "    log of identity",
    ]
    assert headlines(said) == [
        "account is restarting, ended with 1, restarted 3 times, and wrote at last: log of account",
        "identity is running and unhealthy, and wrote at last: log of identity",
    ]


def test_who_lacked_memory_says_so() -> None:
    killed = {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True}
    [line] = headlines(report([container("account", killed, 1)]))
    assert line.startswith(
        "account is exited, ended with 137, killed for lack of memory, restarted once"
    )


def test_where_all_say_that_they_are_well_all_are_shown() -> None:
    assert report([WELL]).startswith("database is running and healthy\n")
