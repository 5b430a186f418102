"""What services tell of themselves is what rules and dashboard ask for; on a real Prometheus."""

import json
import re
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.observability import definitions
from tests.observability.definitions import FOLDER, FROM_PROMETHEUS
from tests.support import collector, prometheus, system
from tests.support.prometheus import Prometheus
from tests.support.system import System
from tests.system.api import Client
from tests.system.people import Person

SETTLED = 60.0  # seconds until rates are there: two scrapes, then the rules


@pytest.fixture(scope="module")
def tandem() -> Iterator[System]:
    """The whole system, in which somebody has signed up."""
    with (
        collector.running() as spans,
        system.running({"TANDEM_TRACES_ENDPOINT": spans.url}) as started,
    ):
        with Client(started.url) as client:
            client.sign_up(Person("Ada Lovelace")).raise_for_status()
        spans.until(bool)
        yield started


@pytest.fixture(scope="module")
def server(tandem: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus with the product's configuration, but for where services are and how often."""
    folder = tmp_path_factory.mktemp("prometheus")
    targets = [
        {"targets": [f"127.0.0.1:{each.port}"], "labels": {"__meta_dns_name": name}}
        for name, each in tandem.services.items()
    ]
    (folder / "targets.json").write_text(json.dumps(targets))
    told = (FOLDER / "prometheus.yml").read_text()
    told, replaced = re.subn(
        r"dns_sd_configs:\n.*", "file_sd_configs: [{files: [targets.json]}]", told
    )
    assert replaced == 1
    for before, after in {
        "scrape_interval: 15s, scrape_timeout: 5s": "scrape_interval: 2s, scrape_timeout: 2s",
        "evaluation_interval: 15s": "evaluation_interval: 2s",
    }.items():
        assert before in told
        told = told.replace(before, after)
    (folder / "prometheus.yml").write_text(told)
    (folder / "rules.yml").write_text((FOLDER / "rules.yml").read_text())
    with prometheus.running(folder / "prometheus.yml", folder) as started:
        yield started


def test_every_metric_of_rules_and_dashboard_is_told_by_a_service(tandem: System) -> None:
    asked = [*definitions.rules().values(), *(each for _, each in definitions.panels())]
    named = {name for each in asked for name in definitions.names(each)}
    wanted = named - set(definitions.rules()) - FROM_PROMETHEUS
    deadline = time.monotonic() + SETTLED
    # The lag of a queue is not told before the brokers did.
    while (missing := wanted - told_by(tandem)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert missing == set()


def told_by(tandem: System) -> set[str]:
    """The names of all samples that its services tell now."""
    return {
        sample.name
        for each in tandem.services.values()
        for family in text_string_to_metric_families(
            httpx.get(f"http://127.0.0.1:{each.port}/metrics", timeout=20).text
        )
        for sample in family.samples
    }


def test_a_healthy_system_fills_the_dashboard_and_raises_no_alert(
    tandem: System, server: Prometheus
) -> None:
    expected = {title for title, _ in definitions.panels()} - definitions.EMPTY_ON_A_QUIET_DAY

    def seen() -> tuple[set[str], set[str], set[str]]:
        """Panels that are empty, how rules fare, and who answers: for a moment, not all may."""
        filled = {title for title, each in definitions.panels() if server.query(each)}
        up = {each["service"] for each in server.query('up{job="tandem"} == 1')}
        return expected - filled, set(server.rules().values()), up

    wanted: tuple[set[str], set[str], set[str]] = (set(), {"ok"}, set(tandem.services))
    deadline = time.monotonic() + SETTLED
    while (last := seen()) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert last == wanted
    assert server.query('ALERTS{alertstate="firing"}') == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_agrees(arguments: tuple[str, ...]) -> None:
    tool = prometheus.program("promtool")
    done = subprocess.run(  # noqa: S603  # a command of these tests
        [tool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
