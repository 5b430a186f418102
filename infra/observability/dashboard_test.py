"""The dashboard as Grafana's own library understands it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

_FILE = Path(__file__).parent / "grafana/dashboards/tandem.json"


def understood(written: dict[str, Any]) -> object:
    """What is left of a dashboard once it was read into Grafana's types."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(written)))


def missing(written: object, read: object, path: str = "") -> Iterator[str]:
    """Where something that was written is not there, or another; defaults may come to it."""
    if isinstance(written, dict) and isinstance(read, dict):
        for name, value in written.items():
            yield from missing(value, read.get(name), f"{path}.{name}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for place, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from missing(one, other, f"{path}[{place}]")
    elif written != read:
        yield f"{path}: {written!r} became {read!r}"


def test_grafana_loses_nothing_of_the_dashboard() -> None:
    written = json.loads(_FILE.read_text())
    assert list(missing(written, understood(written))) == []


def test_what_grafana_does_not_know_is_found() -> None:
    written = json.loads(_FILE.read_text())
    written["panels"][0]["gridPosition"] = written["panels"][0].pop("gridPos")
    (lost,) = missing(written, understood(written))
    assert lost.startswith(".panels[0].gridPosition: ")
