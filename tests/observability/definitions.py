"""The expressions of rules and of the dashboard, and the metrics that they name."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "infra/observability"

FROM_PROMETHEUS = {"up", "ALERTS"}
"""What Prometheus itself adds to what it is told."""

EMPTY_ON_A_QUIET_DAY = {
    "Alerts",
    "Events",
    "Answers that no caller got",
    "Calls that failed by a fault",
}
"""Panels of what only some system has; all else shows something as soon as anybody signed up."""

_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NO_NAMES = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]')
_NAME = re.compile(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])")
_WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"}


def names(expression: str) -> set[str]:
    """The metrics of an expression."""
    bare = _GROUPING.sub(" ", _NO_NAMES.sub(" ", expression))
    return set(_NAME.findall(bare)) - _WORDS


def rules() -> Mapping[str, str]:
    """The expression of each rule, by what it records or the alert that it raises."""
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return {
        rule.get("record") or rule["alert"]: rule["expr"]
        for group in groups
        for rule in group["rules"]
    }


def panels() -> Iterator[tuple[str, str]]:
    """The title and an expression of each panel, with its variables as Grafana fills them in."""
    board = json.loads((FOLDER / "grafana/dashboards/tandem.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$rpc_service", ".*")
