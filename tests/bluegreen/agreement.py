"""What must agree on a server when no deployer works: its memory, nginx, and what runs."""

import time
from typing import Any

from bluegreen.lane import Lane
from tests.support.applications import APPLICATIONS
from tests.support.delivery import Delivery

_PATIENCE = 60.0
"""Seconds in which an engine that was restarted has asked all containers for their health."""

_POLL_INTERVAL = 0.5
_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"


def served_by(site: Delivery) -> str:
    """The version that has the traffic, if all that remembers it and shows it agrees.

    Raises:
        AssertionError: it does not; the message says what is not so.
    """
    state = site.state
    assert state.live is not None, state
    assert state.serving is not None, state
    containers = _settled(site)
    live, other = (_of(containers, lane) for lane in (state.live, state.live.other))
    images = set(state.serving.images.values())
    held = {
        "nothing is unfinished": state.operation is None,
        "nginx sends requests to the lane of the state": _routed(site, containers) == state.live,
        "the live lane has all services": {_service(each) for each in live} == set(APPLICATIONS),
        "the live lane is healthy": all(_is_healthy(each) for each in live),
        "the live lane has the release": all(each["Config"]["Image"] in images for each in live),
        "the other lane does not run": not any(each["State"]["Running"] for each in other),
        "no task is left": not any(_project(each) == "tandem-task" for each in containers),
        "the lock was given back": not (site.server.folder / "lock.json").exists(),
    }
    broken = [what for what, holds in held.items() if not holds]
    assert not broken, f"not so: {'; '.join(broken)}; {_shown(containers)}; {state}"
    return state.serving.version


def _settled(site: Delivery) -> list[dict[str, Any]]:
    """All containers, once it is known of each how it is."""
    end = time.monotonic() + _PATIENCE
    while True:
        containers = site.server.containers()
        if not any(_is_starting(each) for each in containers) or time.monotonic() > end:
            return containers
        time.sleep(_POLL_INTERVAL)


def _is_starting(container: dict[str, Any]) -> bool:
    state = container["State"]
    return bool(state["Running"]) and state.get("Health", {}).get("Status") == "starting"


def _of(containers: list[dict[str, Any]], lane: Lane) -> list[dict[str, Any]]:
    return [each for each in containers if _project(each) == f"tandem-{lane}"]


def _project(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"].get(_PROJECT))


def _service(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"].get(_SERVICE))


def _is_healthy(container: dict[str, Any]) -> bool:
    state = container["State"]
    return bool(state["Running"]) and state.get("Health", {}).get("Status") == "healthy"


def _routed(site: Delivery, containers: list[dict[str, Any]]) -> str:
    [nginx] = [
        each for each in containers if _project(each) == "tandem" and _service(each) == "nginx"
    ]
    said = site.server.engine.docker(
        "exec", nginx["Id"], "/opt/tandem/nginx/ask.sh", "/nginx/configuration"
    )
    return said.splitlines()[-1].split()[0]


def _shown(containers: list[dict[str, Any]]) -> list[str]:
    return [
        f"{each['Name']} {each['State']['Status']} {each['State'].get('Health', {}).get('Status')}"
        for each in containers
    ]
