"""What Compose names is what `infra/images/make-bases observability` makes."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

INFRA = Path(__file__).parents[2] / "infra"
COMPOSE = yaml.safe_load((INFRA / "compose/observability.yml").read_text())["services"]

SERVICES = {"collector": "otel-collector", "jaeger": "jaeger", "prometheus": "prometheus"}
"""Of each image that is made, the service that runs it."""

MODULES = {
    "collector": "go.opentelemetry.io/collector/otelcol",
    "jaeger": "github.com/jaegertracing/jaeger",
    "prometheus": "github.com/prometheus/prometheus",
}

TAGS: dict[str, Callable[[int, int], str]] = {
    "collector": lambda minor, patch: f"0.{minor}.{patch}",
    # Modules stay below v2, where a path would have to say so: v1.76.0 is Jaeger 2.13.0.
    "jaeger": lambda minor, patch: f"2.{minor - 63}.{patch}",
    # And v0.316.0 is Prometheus 3.16.0.
    "prometheus": lambda minor, patch: f"v{minor // 100}.{minor % 100}.{patch}",
}
"""The tag that an image has of the version of its module."""


def named() -> dict[str, str]:
    lines = (INFRA / "images/observability.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_each_image_but_grafanas_is_made() -> None:
    run = {COMPOSE[service]["image"] for service in COMPOSE if service != "grafana"}
    assert run == {COMPOSE[service]["image"] for service in SERVICES.values()}
    assert run == set(named().values())


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_has_the_version_of_the_module_that_it_is_made_of(name: str) -> None:
    required = (INFRA / f"images/{name}/go.mod").read_text()
    found = re.search(rf"^\t{re.escape(MODULES[name])} v\d\.(\d+)\.(\d+)\b", required, re.MULTILINE)
    assert found
    image = named()[f"{name.upper()}_IMAGE"]
    assert image.rpartition(":")[2] == TAGS[name](int(found[1]), int(found[2]))
    assert image == COMPOSE[SERVICES[name]]["image"]
