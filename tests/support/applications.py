"""Who serves and calls by Kafka, as the one file says it that all else follows from."""

import tomllib
from pathlib import Path

_DECLARED = Path(__file__).parents[2] / "infra/kafka/services.toml"

APPLICATIONS = tuple(tomllib.loads(_DECLARED.read_text())["applications"])
"""Their names; whoever calls another comes after it."""
