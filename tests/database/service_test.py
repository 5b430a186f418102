import json
import time
from pathlib import Path

from tests.database import process
from tests.support.database import Addresses, prepared
from tests.support.postgres import Postgres
from tests.support.services import Service


def health_when_ill(service: Service) -> str:
    """What the service says of itself, as soon as it is not healthy; else "ok" in the end."""
    deadline = time.monotonic() + 15
    while (health := service.health()) == "ok" and time.monotonic() < deadline:
        time.sleep(0.1)
    return health


def test_health_follows_postgresql_and_a_stop_is_clean(
    service: Service, server: Postgres, addresses: Addresses
) -> None:
    assert service.health() == "ok"
    server.stop()
    checks = json.loads(health_when_ill(service))["checks"]
    assert [name for name, answer in checks.items() if answer != "ok"] == ["postgres"]
    server.start()
    service.wait_until_healthy()
    assert service.stop() == 0
    password = addresses.app.split(":")[2].partition("@")[0]
    assert password not in service.log.read_text() + service.stray_output()
    assert service.stray_output() == ""


def test_a_service_without_a_schema_ends_and_says_what_to_run(
    server: Postgres, tmp_path: Path
) -> None:
    service = process.service_on("127.0.0.1:1", prepared(server), tmp_path)
    service.start()
    deadline = time.monotonic() + 30
    while service.runs and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not service.runs
    (entry,) = service.entries()
    assert entry["event"] == "cannot start"
    assert "run: python -m services.database migrate expand" in str(entry["reason"])
