"""What containers say of themselves: which run, which are well, and why one is not."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from docker.models.containers import Container

from bluegreen.engine.containers import restarts_of, service_of
from bluegreen.ports import Condition, Report

_TAIL_LINES = 15
_TAIL_OF_WELL = 4
_OF_LOG = "    "
_MOST_REASON = 200


def condition(containers: Sequence[Container]) -> Condition:
    """What is in a lane; a service of several containers is as well as the worst of them."""
    images = {service_of(each): str(each.attrs["Config"]["Image"]) for each in containers}
    ill = {service_of(each) for each in containers if not _is_healthy(each)}
    running = {service_of(each) for each in containers if each.attrs["State"]["Running"]}
    return Condition(images, frozenset(images.keys() - ill), frozenset(running))


def report(containers: Sequence[Container], starved: Collection[str] = ()) -> Report:
    """Of each container that is not well: its state, the last probe, the tail of its log.

    Where all say that they are well, it is of all: one of them is wrong.

    Args:
        containers: All of a lane.
        starved: The ids of those that were killed for lack of memory, and may run again.
    """
    killed = {each.id: _lacked_memory(each) or each.id in starved for each in containers}
    ill = [each for each in containers if killed[each.id] or not _is_healthy(each)]
    shown = [list(_described(each, killed=killed[each.id])) for each in ill or containers]
    text = "\n".join(line for lines in shown for line in lines)
    return Report(text, [state for state, *_ in shown] if ill else [])


def headlines(text: str) -> list[str]:
    """The state of each container in the text of a report, and the last line that it wrote."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith(" "):
            place = line
            found[place] = ""
        elif line.startswith(_OF_LOG):
            found[place] = f", and wrote at last: {line.strip()[:_MOST_REASON]}"
    return [f"{state}{wrote}" for state, wrote in found.items()]


def _is_healthy(container: Container) -> bool:
    state: dict[str, Any] = container.attrs["State"]
    health: dict[str, Any] = state.get("Health", {})
    # Without a check of its own, whatever runs is well.
    status = health.get("Status", "healthy")
    passes = status == "healthy" or (status == "starting" and _passed_last(state, health))
    runs = state["Running"] and not state.get("Restarting")
    return bool(runs) and passes


def _passed_last(state: dict[str, Any], health: dict[str, Any]) -> bool:
    """Whether the last probe since the container's start was passed.

    An engine that was restarted calls what runs on "starting", until it has asked again.
    """
    probes = health.get("Log") or ()
    if not probes or probes[-1]["ExitCode"] != 0:
        return False
    began = datetime.fromisoformat(probes[-1]["Start"])
    return began >= datetime.fromisoformat(state["StartedAt"])


def _lacked_memory(container: Container) -> bool:
    """Whether its last end was that; no more, once it is started again."""
    return bool(container.attrs["State"].get("OOMKilled"))


def _described(container: Container, *, killed: bool) -> Iterator[str]:
    state: dict[str, Any] = container.attrs["State"]
    health: dict[str, Any] = state.get("Health", {})
    how = state["Status"]
    if not state["Running"] or state["ExitCode"]:
        how += f", ended with {state['ExitCode']}"
    elif "Status" in health:
        how += f" and {health['Status']}"
    restarts = restarts_of(container)
    memory = ", killed for lack of memory" if killed else ""
    times = "once" if restarts == 1 else f"{restarts} times"
    restarted = f", restarted {times}" if restarts else ""
    yield f"{service_of(container)} is {how}{memory}{restarted}"
    if health.get("Log"):
        probe = health["Log"][-1]
        yield f"  last probe ended with {probe['ExitCode']}: {str(probe['Output']).strip()[-500:]}"
    yield "  its log ends:"
    lines = _TAIL_OF_WELL if _is_healthy(container) else _TAIL_LINES
    log = container.logs(tail=lines).decode(errors="replace")
    yield from (f"{_OF_LOG}{line}" for line in log.splitlines())
