"""How each of the victims is killed."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from subprocess import Popen
from typing import Any

from tests.bluegreen.kills import Victim
from tests.support.delivery import Delivery

AWAY_SECONDS = 4.0
"""How long that is away which comes again."""

_LANE_TIMEOUT = 60.0
_POLL_INTERVAL = 0.05

type Undo = Callable[[], None]
"""What is to be done when the deployer has ended."""


def _deployer(_site: Delivery, process: Popen[str]) -> Undo:
    process.kill()
    process.wait()
    return _nothing


def _connection(site: Delivery, _process: Popen[str]) -> Undo:
    site.server.kill_ssh_connections()
    return _nothing


def _sshd(site: Delivery, _process: Popen[str]) -> Undo:
    site.server.stop_sshd()
    time.sleep(AWAY_SECONDS)
    site.server.start_sshd()
    return _nothing


def _registry(site: Delivery, _process: Popen[str]) -> Undo:
    site.registry.stop()
    time.sleep(AWAY_SECONDS)
    site.registry.start()
    return _nothing


def _registry_for_long(site: Delivery, _process: Popen[str]) -> Undo:
    site.registry.stop()
    return site.registry.start


def _containers(site: Delivery, _process: Popen[str]) -> Undo:
    site.server.engine.docker("kill", *(each["Id"] for each in _new_lane(site)))
    return _nothing


def _processes(site: Delivery, _process: Popen[str]) -> Undo:
    for each in _new_lane(site):
        # One that ended meanwhile has none: 0 would be the group of this very process.
        if pid := each["State"]["Pid"]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return _nothing


def _engine(site: Delivery, _process: Popen[str]) -> Undo:
    site.server.restart_engine(crash=True)
    return _nothing


STRIKES: Mapping[Victim, Callable[[Delivery, Popen[str]], Undo]] = {
    Victim.DEPLOYER: _deployer,
    Victim.DEPLOYER_LATER: _deployer,
    Victim.CONNECTION: _connection,
    Victim.SSHD: _sshd,
    Victim.REGISTRY: _registry,
    Victim.REGISTRY_FOR_LONG: _registry_for_long,
    Victim.CONTAINERS: _containers,
    Victim.PROCESSES: _processes,
    Victim.ENGINE: _engine,
}


def _nothing() -> None:
    pass


def _new_lane(site: Delivery) -> list[dict[str, Any]]:
    """What runs of the lane that is being brought, as soon as something does."""
    operation = site.state.operation
    assert operation is not None
    project = f"tandem-{operation.lane}"
    end = time.monotonic() + _LANE_TIMEOUT
    while True:
        running = [
            each
            for each in site.server.containers()
            if each["Config"]["Labels"].get("com.docker.compose.project") == project
            and each["State"]["Running"]
        ]
        if running:
            return running
        assert time.monotonic() < end, "the new lane was never started"
        time.sleep(_POLL_INTERVAL)
