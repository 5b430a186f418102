"""What a suite is told of a service that does not do as it should."""

from pathlib import Path

import pytest

from tests.support.services import Service, ServiceError, run

SETTINGS = {"TANDEM_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}


def greeter(logs: Path, settings: dict[str, str]) -> Service:
    return Service("greeter", "tests.chassis.greeter", 0, settings, logs)


def test_a_service_that_ends_is_reported_with_what_it_wrote(tmp_path: Path) -> None:
    service = greeter(tmp_path, {})
    service.start()
    with pytest.raises(ServiceError, match="TANDEM_KAFKA_BOOTSTRAP_SERVERS: not set") as raised:
        service.wait_until_healthy(timeout=60)
    assert raised.value.name == "greeter"
    assert not service.runs


def test_a_stopped_service_gives_its_exit_code_and_its_log(tmp_path: Path) -> None:
    service = greeter(tmp_path, SETTINGS)
    service.start()
    while not service.log.read_text():
        assert service.runs
    assert service.stop() == 0
    assert [entry["event"] for entry in service.entries()] == ["ready", "stopping", "stopped"]
    assert service.stray_output() == ""


def test_a_failed_command_is_reported_with_what_it_wrote() -> None:
    with pytest.raises(ServiceError, match="its settings are wrong"):
        run("tests.chassis.greeter", settings={}, timeout=60)
