"""Who serves and calls by Kafka, as the one file says it that all else follows from."""

import tomllib
from pathlib import Path

from local.nginx import routed

_INFRA = Path(__file__).parents[2] / "infra"

APPLICATIONS = tuple(tomllib.loads((_INFRA / "kafka/services.toml").read_text())["applications"])
"""Their names; whoever calls another comes after it."""

WITH_PAGES = routed(_INFRA / "nginx")
"""Those of them beside account that have pages."""
