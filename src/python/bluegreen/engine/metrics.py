"""What a service in a container says of its requests."""

from docker.models.containers import Container
from prometheus_client.parser import text_string_to_metric_families

from bluegreen.engine.containers import executed

ACTIVE = "http_server_active_requests"
ASK = ["/app/bin/python", "-I", "-S", "/app/healthy.py", "/metrics"]


def active(container: Container, kind: str) -> int:
    """How many requests of a kind, `request` or `stream`, a service has under way.

    A container that does not say, for it is of another kind or has just ended, has none.
    """
    if container.status != "running":
        return 0
    code, output = executed(container, ASK)
    if code != 0:
        return 0
    return sum(
        round(sample.value)
        for family in text_string_to_metric_families(output)
        for sample in family.samples
        if sample.name == ACTIVE and sample.labels.get("kind") == kind
    )
