import time
from collections.abc import Callable
from pathlib import Path

from tests.database import process
from tests.support.database import Addresses, prepared
from tests.support.postgres import Postgres
from tests.support.services import Service


def health_once(service: Service, reached: Callable[[str], bool]) -> str:
    """What the service says of itself, once it is this; else what it said last."""
    deadline = time.monotonic() + 15
    while not reached(health := service.health()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return health


def test_health_follows_postgresql_and_a_stop_is_clean(
    service: Service, server: Postgres, addresses: Addresses
) -> None:
    assert service.health() == "ok"
    server.stop()
    away = health_once(service, lambda health: health.count('":"ConnectionError') == 2)
    assert '"postgres":"ConnectionError' in away
    assert '"postgres news":"ConnectionError' in away
    server.start()
    assert health_once(service, lambda health: health == "ok") == "ok"
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
