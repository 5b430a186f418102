"""What containers say of themselves: which run, which are well, and why one is not."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from docker.models.containers import Container

from bluegreen.engine.containers import service_of
from bluegreen.ports import Condition

_TAIL_LINES = 15


def condition(containers: Sequence[Container]) -> Condition:
    """What is in a lane; a service of several containers is as well as the worst of them."""
    images = {service_of(each): str(each.attrs["Config"]["Image"]) for each in containers}
    ill = {service_of(each) for each in containers if not _is_healthy(each)}
    running = {service_of(each) for each in containers if each.attrs["State"]["Running"]}
    return Condition(images, frozenset(images.keys() - ill), frozenset(running))


def report(containers: Iterable[Container]) -> str:
    """Of each container that is not well: its state, the last probe, the tail of its log."""
    return "\n".join(
        line for each in containers if not _is_healthy(each) for line in _described(each)
    )


def _is_healthy(container: Container) -> bool:
    state: dict[str, Any] = container.attrs["State"]
    # Without a check of its own, whatever runs is well.
    return bool(state["Running"]) and state.get("Health", {}).get("Status", "healthy") == "healthy"


def _described(container: Container) -> Iterator[str]:
    state: dict[str, Any] = container.attrs["State"]
    health: dict[str, Any] = state.get("Health", {})
    how = state["Status"] if state["Running"] else f"{state['Status']} with {state['ExitCode']}"
    restarts = container.attrs.get("RestartCount", 0)
    memory = ", killed for lack of memory" if state.get("OOMKilled") else ""
    yield f"{service_of(container)}: {how}{memory}, restarted {restarts} times"
    if health.get("Log"):
        probe = health["Log"][-1]
        yield f"  last probe ended with {probe['ExitCode']}: {str(probe['Output']).strip()[-500:]}"
    yield "  its log ends:"
    log = container.logs(tail=_TAIL_LINES).decode(errors="replace")
    yield from (f"    {line}" for line in log.splitlines())
